import { clientHello } from '../../session/client-session.js';
import type { ServerTrial } from '../../session/server-trial.js';
import { casesOf } from '../../suite/case.js';
import { HANDSHAKE_RECORD } from '../../tls/settings.js';
import { frame } from '../../wire/encode.js';
import { PREFACE } from '../../wire/frame.js';
import { Violation } from '../../wire/violation.js';

/** How others begin, with what they expect for an answer. */
const foreigners: readonly {
  readonly name: string;
  readonly bytes: Buffer;
  readonly answer: (bytes: Buffer) => boolean;
  readonly expected: string;
}[] = [
  {
    name: 'an HTTP GET',
    bytes: Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    answer: (bytes) => /^HTTP\/1\.[01] 400 /.test(bytes.toString('latin1')),
    expected: 'an HTTP response with status 400',
  },
  {
    name: 'an HTTP POST',
    bytes: Buffer.from('POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'),
    answer: (bytes) => /^HTTP\/1\.[01] 400 /.test(bytes.toString('latin1')),
    expected: 'an HTTP response with status 400',
  },
  {
    name: 'a TLS ClientHello',
    bytes: Buffer.from('16030100050100000100', 'hex'),
    answer: (bytes) => bytes.length === 7 && bytes[0] === 0x15 && bytes[5] === 2 && bytes[6] === 70,
    expected: 'a fatal alert protocol_version',
  },
  {
    name: 'an SSH banner',
    bytes: Buffer.from('SSH-2.0-OpenSSH_9.7\r\n'),
    answer: (bytes) => /^[\x20-\x7e]+\r?\n$/.test(bytes.toString('latin1')),
    expected: 'a line of text',
  },
  {
    name: 'a line of text',
    bytes: Buffer.from('hello, is anybody there?\r\n'),
    answer: (bytes) => /^[\x20-\x7e]+\r?\n$/.test(bytes.toString('latin1')),
    expected: 'a line of text',
  },
];

/** Preface. */
export const chapter03 = casesOf<ServerTrial>((check) => {
  check('FX-3.1-1', 'the server begins with the preface, once', async (trial) => {
    const transport = await trial.dial();
    transport.send(PREFACE, frame('HELLO', 0, clientHello()));
    const first = await transport.bytes(PREFACE.length, 'the preface of the server');
    if (first?.equals(PREFACE) !== true)
      throw new Violation([], `it begins with ${first?.toString('hex') ?? 'nothing'}`);
    const next = await transport.bytes(10, 'a frame after the preface');
    if (next?.[4] !== 1) throw new Violation([], 'HELLO does not follow');
  });

  const silent: [string, (hello: Buffer) => Buffer][] = [
    ['nothing', () => Buffer.alloc(0)],
    ['half a preface', () => PREFACE.subarray(0, 4)],
    ['the preface', () => PREFACE],
    ['the preface and a header', (hello) => Buffer.concat([PREFACE, hello.subarray(0, 10)])],
    ['all but the last byte of HELLO', (hello) => Buffer.concat([PREFACE, hello.subarray(0, -1)])],
  ];
  for (const [what, bytesOf] of silent) {
    check('FX-3.1-3', `the server is silent after ${what}`, async (trial) => {
      const session = await trial.fresh();
      session.send(bytesOf(session.helloBytes()));
      await session.expectSilence();
    });
  }

  PREFACE.forEach((byte, at) => {
    for (const wrong of [0xff, byte ^ 0x80]) {
      if (wrong === 0xff && at % 3 !== 0) continue;
      const title = `byte ${at + 1} of the preface as 0x${wrong.toString(16)} ends the transport at once`;
      check(['FX-3.1-4', 'FX-3.2-1'], title, async (trial) => {
        const transport = await trial.dial();
        transport.send(Buffer.concat([PREFACE.subarray(0, at), Buffer.of(wrong)]));
        const answer = await transport.rest('the end of the transport, without another byte');
        if (answer.includes(PREFACE)) throw new Violation(['FX-3.2-1'], 'a foreign peer was sent frames');
      });
    }
  });

  check(['FX-3.1-4', 'FX-3.2-1'], 'a preface whose line end was changed is refused', async (trial) => {
    const transport = await trial.dial();
    transport.send(Buffer.from('46494c45580a1a', 'hex'));
    const answer = await transport.rest('the end of the transport');
    if (answer.includes(PREFACE)) throw new Violation(['FX-3.2-1'], 'a foreign peer was sent frames');
  });

  for (const { name, bytes, answer, expected } of foreigners) {
    check(['FX-3.2-2', 'FX-3.2-1'], `${name} is answered with ${expected}`, async (trial) => {
      if (bytes[0] === HANDSHAKE_RECORD && !trial.target.secure && (await trial.facts.speaksTls()))
        trial.notApplicable('TLS is served at this port');
      const transport = await trial.dial();
      transport.send(bytes);
      const got = await transport.rest('the end of the transport');
      if (got.includes(PREFACE)) throw new Violation(['FX-3.2-1'], 'a foreign peer was sent frames');
      if (!answer(got))
        throw new Violation(['FX-3.2-2'], `the answer is ${JSON.stringify(got.toString('latin1'))}`);
    });

    check('FX-3.2-3', `${name} byte by byte is taken for the same`, async (trial) => {
      const [atOnce, bytewise] = [await trial.dial(), await trial.dial()];
      atOnce.send(bytes);
      await bytewise.sendEachByte(bytes);
      const one = await atOnce.rest('the end of the transport');
      const other = await bytewise.rest('the end of the transport');
      if (!one.equals(other))
        throw new Violation(
          [],
          `${JSON.stringify(one.toString('latin1'))} and ${JSON.stringify(other.toString('latin1'))}`,
        );
    });
  }

  check('FX-3.2-1', 'something unknown is left without a frame', async (trial) => {
    const transport = await trial.dial();
    transport.send(Buffer.from('00ff00ff00ff00ff00ff', 'hex'));
    const answer = await transport.rest('the end of the transport');
    if (answer.includes(PREFACE)) throw new Violation([], 'a foreign peer was sent frames');
  });
});
