import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as net from 'node:net';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { type FakeOptions, type FakeProcess, fakeProcess } from '../testing/fake-io.js';
import { accounts, fingerprints, PASSCODE, realConnect, secureServer } from '../testing/secure-server.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { testKeys } from '../testing/tls-keys.js';

/** All that was written by the processes of one test, and what they left. */
let traces: (() => string)[] = [];

afterEach(() => {
  const all = traces.map((trace) => trace()).join('\n');
  traces = [];
  expect(all).not.toContain(PASSCODE);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what this is about
  expect(all).not.toMatch(/\x1b\[2J/);
});

type Finished = FakeProcess & { readonly exit: number };

/** One user, whatever number of commands they run. */
class User {
  readonly state: string;
  readonly config = temporaryFolder();

  constructor(state = temporaryFolder()) {
    this.state = state;
  }

  async run(words: readonly string[], options: FakeOptions = {}): Promise<Finished> {
    const it = fakeProcess({
      connect: realConnect,
      stateDirectory: this.state,
      configDirectory: this.config,
      ...options,
    });
    traces.push(() => it.stdout() + it.stderr() + this.remembered);
    return Object.assign(it, { exit: await it.run(...words) });
  }

  /** On a terminal, with these keys pressed at the questions. */
  type(words: readonly string[], ...keys: string[]): Promise<Finished> {
    return this.run(words, { terminal: true, stdin: keys.map((key) => Buffer.from(key)) });
  }

  /** All that is in the folder for what is remembered. */
  get remembered(): string {
    return readdirSync(this.state)
      .map((name) => readFileSync(join(this.state, name), 'utf8'))
      .join('');
  }

  knows(text: string): this {
    mkdirSync(this.state, { recursive: true });
    writeFileSync(join(this.state, 'known_hosts'), text, { mode: 0o600 });
    return this;
  }
}

/** Terminates TLS with a key of its own, and passes everything on to the real server. */
async function between(port: number): Promise<string> {
  const server = tls.createServer(
    { ...testKeys.other, minVersion: 'TLSv1.3', ALPNProtocols: ['filex/1'] },
    (client) => {
      const upstream = tls.connect({
        host: '127.0.0.1',
        port,
        rejectUnauthorized: false,
        ALPNProtocols: ['filex/1'],
      });
      client.on('error', () => upstream.destroy());
      upstream.on('error', () => client.destroy());
      client.pipe(upstream).pipe(client);
    },
  );
  return listening(server);
}

async function listening(server: net.Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

describe('a server that nobody knows', () => {
  it.each([[[]], [['--no-input']], [['--json']]])(
    'is not guessed at where nobody can be asked %j',
    async (options) => {
      const { name, events } = await secureServer();
      const user = new User();
      const terminal = options.includes('--no-input');
      const it = await user.run(['ls', ...options, `filex://${name}`], { terminal });
      expect(it.exit).toBe(13);
      expect(it.stderr()).toContain(`${name} is not known, and shows the key ${fingerprints.own}`);
      expect(it.stderr()).toContain(`put ?fp=${fingerprints.own} at the end of the address`);
      expect(user.remembered).toBe('');
      expect(events.filter(({ type }) => type === 'connection')).toEqual([]);
      if (options.includes('--json'))
        expect(it.events()).toMatchObject([{ event: 'error', code: 'IDENTITY_UNKNOWN', exit: 13 }]);
    },
  );

  it('is asked about once on a terminal, and remembered', async () => {
    const { name } = await secureServer();
    const user = new User();
    const first = await user.type(['ls', `filex://${name}`], 'y\r');
    expect(first).toMatchObject({ exit: 0 });
    expect(first.stderr()).toContain(
      `The server ${name} is not known yet. Its key is\n  ${fingerprints.own}\n`,
    );
    expect(first.stderr()).toContain('Connect and remember it? [y/N, or paste the key] ');
    expect(first.stdout()).toBe('hello.txt\n');
    expect(user.remembered).toBe(`${name} ${fingerprints.own}\n`);
    const second = await user.run(['ls', `filex://${name}`]);
    expect([second.exit, second.stderr()]).toEqual([0, '']);
  });

  it.each([
    ['yes\r', 0],
    ['perhaps\r', 'Yes\r', 0],
    [`${fingerprints.own}\r`, 0],
    [`${fingerprints.other}\r`, 13],
    ['n\r', 13],
    ['\r', 13],
    ['perhaps\r', '\r', 13],
    ['\x03', 130],
    ['\x04', 130],
  ])('asked about with %j', async (...keys) => {
    const exit = keys.pop();
    const { name } = await secureServer();
    const user = new User();
    expect((await user.type(['ls', `filex://${name}`], ...(keys as string[]))).exit).toBe(exit);
    expect(user.remembered).toBe(exit === 0 ? `${name} ${fingerprints.own}\n` : '');
  });

  it('is known from then on when the address has named its key', async () => {
    const { name } = await secureServer();
    const user = new User();
    expect((await user.run(['ls', `filex://${name}/?fp=${fingerprints.own}`])).exit).toBe(0);
    expect((await user.run(['ls', `filex://${name}`])).exit).toBe(0);
    expect(user.remembered).toBe(`${name} ${fingerprints.own}\n`);
  });

  it('is used all the same when it cannot be remembered', async () => {
    const { name } = await secureServer();
    const state = join(temporaryFolder(), 'file');
    writeFileSync(state, '');
    const it = fakeProcess({ connect: realConnect, stateDirectory: join(state, 'below') });
    expect(await it.run('ls', `filex://${name}/?fp=${fingerprints.own}`)).toBe(0);
    expect(it.stderr()).toContain(`The key of ${name} will not be remembered`);
  });
});

describe('a server with another key than before', () => {
  it('is refused with both keys, and where the old one is', async () => {
    const { name } = await secureServer({ tls: testKeys.other });
    const user = new User().knows(`# mine\n${name} ${fingerprints.own}\n`);
    for (const it of [
      await user.run(['ls', `filex://${name}`]),
      await user.type(['ls', `filex://${name}`], 'y\r'),
    ]) {
      expect(it.exit).toBe(13);
      expect(it.stderr()).toContain(
        `${name} has the key ${fingerprints.other}, but line 2 of ${user.state}/known_hosts says ${fingerprints.own}`,
      );
      expect(it.stderr()).toContain(`delete line 2 of ${user.state}/known_hosts`);
    }
    expect(user.remembered).toBe(`# mine\n${name} ${fingerprints.own}\n`);
  });

  it('is taken when the address names that key, which is told and changes nothing', async () => {
    const { name } = await secureServer({ tls: testKeys.other });
    const user = new User().knows(`${name} ${fingerprints.own}\n`);
    const it = await user.run(['ls', '-q', `filex://${name}/?fp=${fingerprints.other}`]);
    expect([it.exit, it.stdout()]).toEqual([0, 'hello.txt\n']);
    expect(it.stderr()).toContain(`line 1 of ${user.state}/known_hosts says otherwise`);
    expect(user.remembered).toBe(`${name} ${fingerprints.own}\n`);
    expect((await user.run(['ls', `filex://${name}`])).exit).toBe(13);
  });

  it('is refused when the address names another, whatever is known', async () => {
    const { name } = await secureServer();
    const user = new User().knows(`${name} ${fingerprints.own}\n`);
    const it = await user.run(['ls', `filex://${name}/?fp=${fingerprints.other}`]);
    expect(it.exit).toBe(13);
    expect(it.stderr()).toContain(fingerprints.own);
    expect(it.stderr()).toContain(fingerprints.other);
  });
});

describe('a passcode', () => {
  const known = async () => {
    const { name, events } = await secureServer({ accounts });
    const user = new User().knows(`${name} ${fingerprints.own}\n`);
    return { name, events, user, words: ['ls', `filex://ann@${name}`] };
  };

  it('comes from the environment, standard input or a file', async () => {
    const { user, words, name } = await known();
    expect((await user.run(words, { env: { FILEX_PASSCODE: PASSCODE } })).exit).toBe(0);
    const stdin = [Buffer.from(`${PASSCODE}\n`)];
    expect((await user.run([...words, '--passcode-stdin'], { stdin })).exit).toBe(0);
    writeFileSync(join(user.config, 'credentials'), `ann@${name} ${PASSCODE}\n`, { mode: 0o600 });
    expect((await user.run(words)).exit).toBe(0);
    const wrong = await user.run(words, { env: { FILEX_PASSCODE: 'wrong' } });
    expect(wrong.exit).toBe(7);
    expect(wrong.stderr()).toContain('which came from FILEX_PASSCODE');
  });

  it('is asked for before the connection is made, and is not shown', async () => {
    const { user, words, events } = await known();
    const it = await user.type(words, `${PASSCODE}\r`);
    expect([it.exit, it.stdout()]).toEqual([0, 'hello.txt\n']);
    expect(it.stderr()).toBe(`Passcode of ann@${words[1]?.slice('filex://ann@'.length)}: \n`);
    expect(events.filter(({ type }) => type === 'login failure')).toEqual([]);
  });

  it('is asked for again when it was wrong, three times', async () => {
    const { user, words } = await known();
    const third = await user.type(words, 'wrong\r', '\r', 'again\r', `${PASSCODE}\r`);
    expect(third.exit).toBe(0);
    expect(third.stderr().match(/does not accept that user name and passcode/g)).toHaveLength(2);
    const never = await user.type(words, 'wrong\r', 'wrong\r', 'wrong\r', `${PASSCODE}\r`);
    expect(never.exit).toBe(7);
    expect(never.stderr()).toContain('the user name or the passcode is wrong');
    expect((await user.type(words, '\x03')).exit).toBe(130);
  });

  it('that is nowhere is told at once, with where it can come from', async () => {
    const { user, words, events } = await known();
    const it = await user.run(words);
    expect(it.exit).toBe(7);
    expect(it.stderr()).toContain('FILEX_PASSCODE, with --passcode-stdin, or in the credentials file');
    expect(events).toEqual([]);
  });

  it('cannot be in the stream that is uploaded, or without a user', async () => {
    const { user, name } = await known();
    const stdin = [Buffer.from('x')];
    const put = await user.run(['put', '--passcode-stdin', '-', `filex://ann@${name}/x`], { stdin });
    expect([put.exit, put.stderr()]).toEqual([2, expect.stringContaining('FILEX_PASSCODE')]);
    const nobody = await user.run(['ls', '--passcode-stdin', `filex://${name}`], { stdin });
    expect([nobody.exit, nobody.stderr()]).toEqual([2, expect.stringContaining('filex://USER@host')]);
  });

  it('and a key are asked for one after the other, when both are missing', async () => {
    const { name } = await secureServer({ accounts });
    const user = new User();
    const it = await user.type(['ls', `filex://ann@${name}`], 'y\r', `${PASSCODE}\r`);
    expect(it.exit).toBe(0);
    expect(it.stderr().indexOf('Connect and remember')).toBeLessThan(it.stderr().indexOf('Passcode of'));
    expect(user.remembered).toBe(`${name} ${fingerprints.own}\n`);
  });

  it('is wanted by a server that is addressed without a user', async () => {
    const { user, name } = await known();
    const it = await user.run(['ls', `filex://${name}`]);
    expect(it.exit).toBe(7);
    expect(it.stderr()).toContain(`Put your user name into the address: filex://USER@${name}/`);
    expect((await user.type(['ls', `filex://${name}`], ' \r', 'ann\r', `${PASSCODE}\r`)).exit).toBe(0);
    const plain = await user.run(['ls', `filex+tcp://${name}`]);
    expect([plain.exit, plain.stderr()]).toEqual([7, expect.stringContaining(`filex://USER@${name}/`)]);
  });

  it('shows who is in between on a first use, who is not remembered then', async () => {
    const { port, events } = await secureServer({ accounts });
    const relay = await between(port);
    const user = new User();
    const it = await user.type(
      ['ls', `filex://ann@${relay}`],
      'y\r',
      ...Array.from({ length: 3 }, () => `${PASSCODE}\r`),
    );
    expect(it.exit).toBe(7);
    expect(it.stderr()).toContain('somebody may be in between');
    expect(user.remembered).toBe('');
    expect(events.filter(({ type }) => type === 'connection')).toEqual([]);
  });
});

describe('encryption', () => {
  it('is never given up, whatever a server answers', async () => {
    const heard: Buffer[] = [];
    const answers = ['FILEX/1\n', 'HTTP/1.1 301 Moved\r\nLocation: filex+tcp://127.0.0.1\r\n\r\n', ''];
    for (const answer of answers) {
      const name = await listening(
        net.createServer((socket) => {
          socket.on('error', () => undefined);
          socket.on('data', (chunk) => heard.push(chunk));
          socket.end(answer);
        }),
      );
      const it = await new User().type(['ls', `filex://${name}/?fp=${fingerprints.own}`], 'y\r');
      expect(it.exit).toBe(5);
    }
    expect(heard.length).toBeGreaterThan(0);
    // Nothing but handshake records and alerts of TLS.
    for (const chunk of heard) expect([0x15, 0x16]).toContain(chunk[0]);
  });

  it('that a server insists on is named', async () => {
    const { name } = await secureServer({ plaintext: 'off' });
    const it = await new User().run(['ls', `filex+tcp://${name}`]);
    expect(it.exit).toBe(7);
    expect(it.stderr()).toContain('Use filex:// instead of filex+tcp://');
  });
});

describe('what others have chosen', () => {
  it.skipIf(process.platform === 'win32')('is shown as text in advice, too', async () => {
    const { name } = await secureServer();
    const user = new User(join(temporaryFolder(), 'a\x1b[2Jb')).knows(`${name} ${fingerprints.other}\n`);
    const it = await user.run(['ls', `filex://${name}`]);
    expect([it.exit, it.stderr()]).toEqual([
      13,
      expect.stringContaining('a\\x1b[2Jb/known_hosts, and connect'),
    ]);
  });

  it('cannot reach the terminal as more than text', async () => {
    const { name } = await secureServer({ agent: 'evil\x1b[2J' });
    const ping = await new User().run(['ping', '-c', '1', `filex://${name}/?fp=${fingerprints.own}`]);
    const line = `evil\\x1b[2J, as anonymous, sha256, TLS with the key ${fingerprints.own}\n`;
    expect([ping.exit, ping.stdout()]).toEqual([0, expect.stringContaining(line)]);
    const typed = await new User().run(['ls', `filex://a%1b[2Jnn@${name}`]);
    expect([typed.exit, typed.stderr()]).toEqual([7, expect.stringContaining('a\\x1b[2Jnn')]);
  });
});
