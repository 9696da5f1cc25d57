import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Code, codes } from '../../codes.js';
import { messageFrame, rawFrame } from '../../testing/frames.js';
import { greasedHello } from '../../testing/peer.js';
import type { Entry } from '../../vocabulary.js';
import { TreeDigest } from '../../wire/digest.js';
import type { Messages } from '../../wire/messages.js';
import { PREFACE } from '../../wire/preface.js';
import { connect } from '../connect.js';
import { sha256Provider } from '../digests.js';
import { failureOf } from '../testing/deferred.js';
import { hostileServer, RawPeer, rawServer } from '../testing/raw-peer.js';
import { content } from '../testing/rig.js';
import { SlabWatch } from '../testing/slab-watch.js';
import type { ConnectOptions, Session } from '../types.js';

// What waits for a server that does not close would only make this slow.
vi.mock('../bounds.js', async (original) => ({
  ...(await original<typeof import('../bounds.js')>()),
  LINGER_TIMEOUT: 50,
}));

const bytes = content(1000);
const digest = digestOf(bytes);

function digestOf(data: Uint8Array): Uint8Array {
  const tree = new TreeDigest(sha256Provider.create);
  tree.update(data);
  return tree.digest();
}

async function sessionWith(
  talk: (peer: RawPeer) => Promise<void> | void,
  options: ConnectOptions = {},
  hello: Partial<Messages['HELLO']> = {},
): Promise<Session> {
  const { url } = await hostileServer(talk, hello);
  const session = await connect(url, options);
  onTestFinished(() => session.destroy());
  return session;
}

async function drain(iterable: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of iterable);
}

const accept = { offset: 0, epoch: 0, size: 1000 } as const;
const ok = { status: codes.OK.number, effect: 'none', outcome: 'read' } as const;

describe('a download from a server that', () => {
  const wrongs: [string, Code, (peer: RawPeer, stream: number) => void][] = [
    [
      'sends too much',
      'LENGTH_MISMATCH',
      (peer, stream) => {
        peer.say('ACCEPT', stream, accept);
        peer.data(stream, content(1001));
      },
    ],
    [
      'sends too much, bit by bit, and ends well',
      'LENGTH_MISMATCH',
      (peer, stream) => {
        peer.say('ACCEPT', stream, accept);
        peer.data(stream, bytes);
        peer.data(stream, bytes.subarray(0, 1));
        peer.say('END', stream, {
          length: 1001,
          digest: digestOf(Buffer.concat([bytes, bytes.subarray(0, 1)])),
        });
        peer.say('RESULT', stream, ok);
      },
    ],
    [
      'sends too little',
      'LENGTH_MISMATCH',
      (peer, stream) => {
        peer.say('ACCEPT', stream, accept);
        peer.data(stream, bytes.subarray(0, 999));
        peer.say('END', stream, { length: 999, digest: digestOf(bytes.subarray(0, 999)) });
        peer.say('RESULT', stream, ok);
      },
    ],
    [
      'sends other bytes than it digested',
      'DIGEST_MISMATCH',
      (peer, stream) => {
        peer.say('ACCEPT', stream, accept);
        peer.data(stream, content(1000, 2));
        peer.say('END', stream, { length: 1000, digest });
        peer.say('RESULT', stream, ok);
      },
    ],
    [
      'lies about the length at the end',
      'LENGTH_MISMATCH',
      (peer, stream) => {
        peer.say('ACCEPT', stream, accept);
        peer.data(stream, bytes);
        peer.say('END', stream, { length: 2000, digest });
      },
    ],
    [
      'says OK before the end',
      'STATE_VIOLATION',
      (peer, stream) => {
        peer.say('ACCEPT', stream, accept);
        peer.data(stream, bytes);
        peer.say('RESULT', stream, ok);
      },
    ],
    ['says OK at once', 'STATE_VIOLATION', (peer, stream) => peer.say('RESULT', stream, ok)],
    ['sends bytes before it accepts', 'STATE_VIOLATION', (peer, stream) => peer.data(stream, bytes)],
    [
      'accepts twice',
      'STATE_VIOLATION',
      (peer, stream) => {
        peer.say('ACCEPT', stream, accept);
        peer.say('ACCEPT', stream, accept);
      },
    ],
    [
      'accepts without a size',
      'STATE_VIOLATION',
      (peer, stream) => peer.say('ACCEPT', stream, { offset: 0, epoch: 0 }),
    ],
    [
      'accepts from the middle',
      'STATE_VIOLATION',
      (peer, stream) => peer.say('ACCEPT', stream, { offset: 5, epoch: 0, size: 1000 }),
    ],
    [
      'accepts with a digest that was not offered',
      'UNSUPPORTED',
      (peer, stream) => peer.say('ACCEPT', stream, { ...accept, algorithm: 'blake3' }),
    ],
    ['lists instead', 'STATE_VIOLATION', (peer, stream) => peer.say('ENTRY', stream, { entries: [] })],
    ['speaks of another stream', 'STATE_VIOLATION', (peer, stream) => peer.data(stream + 2, bytes)],
    [
      'sends more than it was granted',
      'CREDIT_EXCEEDED',
      (peer, stream) => {
        peer.say('ACCEPT', stream, { ...accept, size: 1e9 });
        for (let i = 0; i < 100; i += 1) peer.data(stream, content(65_536));
      },
    ],
    ['talks nonsense', 'FRAME_UNKNOWN', (peer) => peer.send(rawFrame(0x7f, 0, bytes))],
    [
      'announces a frame larger than is allowed',
      'FRAME_TOO_LARGE',
      (peer) => peer.send(Buffer.alloc(10, 0x7f)),
    ],
    ['opens a stream itself', 'STATE_VIOLATION', (peer) => peer.send(rawFrame(3, 2, bytes.subarray(0, 3)))],
    ['resets', 'NO_SPACE', (peer, stream) => peer.say('RESET', stream, { code: 0x2b, finalOffset: 0 })],
    [
      'has an unknown code',
      'UNKNOWN_CODE',
      (peer, stream) => peer.say('RESULT', stream, { status: 0x7777, effect: 'none', retry: true }),
    ],
    [
      'has a code that may not travel',
      'UNKNOWN_CODE',
      (peer, stream) => peer.say('RESULT', stream, { status: 0xf001, effect: 'none' }),
    ],
    ['goes away', 'SHUTTING_DOWN', (peer) => peer.say('GOAWAY', 0, { code: 0x0d, lastStream: 1 })],
    ['hangs up', 'CONNECTION_LOST', (peer) => void peer.socket.end()],
    ['hangs up rudely', 'CONNECTION_LOST', (peer) => void peer.socket.resetAndDestroy()],
    [
      'hangs up in the middle of a frame',
      'CONNECTION_LOST',
      (peer, stream) => {
        peer.say('ACCEPT', stream, accept);
        peer.send(rawFrame(5, stream, bytes).subarray(0, 500));
        peer.socket.end();
      },
    ],
    [
      'hangs up before its last word',
      'CONNECTION_LOST',
      (peer, stream) => {
        peer.say('ACCEPT', stream, accept);
        peer.data(stream, bytes);
        peer.say('END', stream, { length: 1000, digest });
        peer.socket.end();
      },
    ],
  ];

  it.each(wrongs)('%s fails with %s, and nothing is left', async (_what, code, act) => {
    const watch = new SlabWatch();
    const directory = await mkdtemp(join(tmpdir(), 'filex-hostile-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const session = await sessionWith(async (peer) => {
      const { stream } = await peer.next('OPEN');
      act(peer, stream);
    });
    const error = await failureOf(session.download('a', join(directory, 'a')));
    expect(error).toMatchObject({ code, effect: 'none' });
    expect(await readdir(directory)).toEqual([]);
    session.destroy();
    await session.closed;
    await watch.allBack();
  });

  it('answers nothing more once we have given up does not hold us up', async () => {
    const session = await sessionWith(async (peer) => {
      const { stream } = await peer.next('OPEN');
      peer.say('ACCEPT', stream, accept);
      peer.data(stream, content(1001));
    });
    expect(await failureOf(session.download('a', { write: () => undefined }))).toMatchObject({
      code: 'LENGTH_MISMATCH',
    });
    await session.close();
    expect(await session.closed).toBeUndefined();
  });

  it('says where the file is does not get to choose where it goes', async () => {
    const session = await sessionWith(async (peer) => {
      const { stream } = await peer.next('OPEN');
      peer.say('ACCEPT', stream, accept);
      peer.data(stream, bytes);
      peer.say('END', stream, { length: 1000, digest });
      peer.say('RESULT', stream, { ...ok, path: 'somewhere/else' });
    });
    expect(await session.download('a', { write: () => undefined })).toMatchObject({ path: 'a' });
  });
});

describe('an upload to a server that', () => {
  const done = { status: codes.OK.number, effect: 'applied', outcome: 'created' } as const;
  const wrongs: [string, Code, string, (peer: RawPeer, stream: number) => Promise<void> | void][] = [
    ['says OK before the end', 'STATE_VIOLATION', 'none', (peer, stream) => peer.say('RESULT', stream, done)],
    [
      'acknowledges what was not sent',
      'STATE_VIOLATION',
      'none',
      (peer, stream) => {
        peer.say('ACCEPT', stream, { offset: 0, epoch: 0 });
        peer.say('ACK', stream, { offset: 1e6 });
      },
    ],
    [
      'takes acknowledgements back',
      'STATE_VIOLATION',
      'none',
      async (peer, stream) => {
        await peer.next('DATA');
        peer.say('ACCEPT', stream, { offset: 0, epoch: 0 });
        peer.say('ACK', stream, { offset: 5 });
        peer.say('ACK', stream, { offset: 4 });
      },
    ],
    [
      'refuses',
      'NO_SPACE',
      'none',
      (peer, stream) =>
        peer.say('RESULT', stream, { status: codes.NO_SPACE.number, effect: 'none', retry: true }),
    ],
    [
      'resets',
      'NO_SPACE',
      'none',
      (peer, stream) => peer.say('RESET', stream, { code: codes.NO_SPACE.number, finalOffset: 0 }),
    ],
    ['goes away', 'SHUTTING_DOWN', 'none', (peer) => peer.say('GOAWAY', 0, { code: 0x0d, lastStream: 1 })],
    ['hangs up', 'CONNECTION_LOST', 'none', (peer) => void peer.socket.end()],
    ['hangs up rudely', 'CONNECTION_LOST', 'none', (peer) => void peer.socket.resetAndDestroy()],
  ];

  it.each(wrongs)(
    '%s fails with %s, though its source has nothing to say',
    async (_what, code, effect, act) => {
      const session = await sessionWith(async (peer) => {
        const { stream } = await peer.next('OPEN');
        await act(peer, stream);
      });
      const source = new PassThrough();
      source.write(content(10));
      expect(await failureOf(session.upload(source, 'a'))).toMatchObject({ code, effect, path: 'a' });
      expect(source.destroyed).toBe(true);
    },
  );

  const endings: [string, Code, (peer: RawPeer) => void][] = [
    ['hangs up', 'CONNECTION_LOST', (peer) => void peer.socket.end()],
    ['goes away', 'INTERNAL', (peer) => peer.say('GOAWAY', 0, { code: 0x33, lastStream: 1 })],
    ['resets', 'IO_ERROR', (peer) => peer.say('RESET', 1, { code: 0x32, finalOffset: 0 })],
  ];

  it.each(endings)(
    '%s after everything was sent leaves it unknown whether it happened',
    async (_what, code, act) => {
      const session = await sessionWith(async (peer) => {
        await peer.next('END');
        act(peer);
      });
      expect(await failureOf(session.upload(bytes, 'a'))).toMatchObject({ code, effect: 'unknown' });
    },
  );

  it('refuses after all tells what became of it', async () => {
    const session = await sessionWith(async (peer) => {
      const { stream } = await peer.next('END');
      peer.say('RESULT', stream, {
        status: codes.IO_ERROR.number,
        effect: 'applied',
        retry: false,
        detail: 'so',
      });
    });
    expect(await failureOf(session.upload(bytes, 'a'))).toMatchObject({
      code: 'IO_ERROR',
      message: 'so',
      effect: 'applied',
      retry: false,
    });
  });

  it('acknowledges while our listener throws loses that upload only', async () => {
    const session = await sessionWith(async (peer) => {
      const { stream } = await peer.next('DATA');
      peer.say('ACCEPT', stream, { offset: 0, epoch: 0 });
      peer.say('ACK', stream, { offset: 10 });
      await peer.next('RESET');
      peer.say('RESULT', stream, { status: codes.CANCELLED.number, effect: 'none' });
      await peer.next('OPEN');
      peer.say('RESULT', stream + 2, { status: codes.NOT_FOUND.number, effect: 'none' });
    });
    const source = new PassThrough();
    source.write(content(10));
    const onProgress = ({ acknowledged }: { acknowledged: number }): void => {
      if (acknowledged > 0) throw new Error('my own fault');
    };
    expect(await failureOf(session.upload(source, 'a', { onProgress }))).toMatchObject({ code: 'INTERNAL' });
    expect(await failureOf(session.stat('a'))).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('never grants anything is not waited for when it hangs up', async () => {
    const watch = new SlabWatch();
    const session = await sessionWith(
      async (peer) => {
        await peer.next('DATA');
        peer.socket.destroy();
      },
      {},
      { streamWindow: 8192, connectionWindow: 8192 },
    );
    expect(await failureOf(session.upload(content(100_000), 'a'))).toMatchObject({ code: 'CONNECTION_LOST' });
    await session.closed;
    await watch.allBack();
  });
});

describe('a listing from a server that', () => {
  const entry = (path: string): Entry => ({ path, kind: 'file', size: 0, mtime: 0, executable: false });
  const wrongs: [string, Code, readonly Entry[], boolean][] = [
    ['lists what is deeper', 'STATE_VIOLATION', [entry('a/b')], false],
    ['lists the folder itself', 'STATE_VIOLATION', [entry('')], false],
    ['lists the folder itself, recursively', 'STATE_VIOLATION', [entry('')], true],
  ];

  it.each(wrongs)('%s is not believed', async (_what, code, entries, recursive) => {
    const session = await sessionWith(async (peer) => {
      const { stream } = await peer.next('OPEN');
      peer.say('ENTRY', stream, { entries });
      peer.say('RESULT', stream, ok);
    });
    expect(await failureOf(drain(session.list('', { recursive })))).toMatchObject({ code });
  });

  it.each(['../up', '/etc', 'a//b', 'a/../b', 'nul\0', './a'])(
    'lists %j ends the connection',
    async (path) => {
      const session = await sessionWith(async (peer) => {
        const { stream } = await peer.next('OPEN');
        // One entry, by hand: the encoder would refuse the path.
        const name = Buffer.from(path);
        const record = Buffer.concat([
          Buffer.from([0, 2, 0, name.length]),
          name,
          Buffer.from([
            0, 4, 0, 1, 0, 0, 6, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0,
          ]),
        ]);
        const length = record.length + 2;
        peer.send(
          rawFrame(8, stream, Buffer.concat([Buffer.from([0, 2, 0, length, 0, record.length]), record])),
        );
      });
      expect(await failureOf(drain(session.list('', { recursive: true })))).toMatchObject({
        code: 'MESSAGE_MALFORMED',
        message: expect.stringContaining('path'),
      });
    },
  );

  it.each([
    ['entries', [entry('a'), entry('b')], 10],
    ['empty pages', [], 0],
  ] as const)('never ends, with %s, is left', async (_what, entries, got) => {
    let told = 0;
    const session = await sessionWith(async (peer) => {
      const { stream } = await peer.next('OPEN');
      const page = messageFrame('ENTRY', stream, { entries });
      for (; peer.count('RESET') === 0; told += 1) {
        if (told < 1000) peer.send(page);
        peer.socket.resume();
        await new Promise((resolve) => setImmediate(resolve));
      }
      peer.say('RESULT', stream, ok);
    });
    let count = 0;
    const looping = (async () => {
      for await (const _ of session.list('', { maxListingEntries: 10 })) count += 1;
    })();
    expect(await failureOf(looping)).toMatchObject({
      code: 'TOO_LARGE',
      message: expect.stringContaining('10 entries (maxListingEntries)'),
      effect: 'none',
    });
    expect(count).toBe(got);
  });

  it('ends before its last word', async () => {
    const session = await sessionWith(async (peer) => {
      const { stream } = await peer.next('OPEN');
      peer.say('ENTRY', stream, { entries: [entry('a')] });
      peer.socket.end();
    });
    const seen: string[] = [];
    const looping = (async () => {
      for await (const { path } of session.list()) seen.push(path);
    })();
    expect(await failureOf(looping)).toMatchObject({ code: 'CONNECTION_LOST', effect: 'none' });
    expect(seen).toEqual(['a']);
  });
});

describe('a call to a server that', () => {
  it('answers without what was asked for is not believed', async () => {
    const session = await sessionWith(async (peer) => {
      const { stream } = await peer.next('OPEN');
      peer.say('RESULT', stream, ok);
    });
    expect(await failureOf(session.stat('a'))).toMatchObject({ code: 'STATE_VIOLATION' });
  });

  it('hangs up leaves it unknown whether it happened, where something could have', async () => {
    for (const [start, effect] of [
      [(session: Session) => session.stat('a'), 'none'],
      [(session: Session) => session.remove('a'), 'unknown'],
      [(session: Session) => session.rename('a', 'b'), 'unknown'],
      [(session: Session) => session.makeDirectory('a'), 'unknown'],
    ] as const) {
      const session = await sessionWith(async (peer) => {
        await peer.next('OPEN');
        peer.socket.end();
      });
      expect(await failureOf(start(session))).toMatchObject({ code: 'CONNECTION_LOST', effect });
    }
  });
});

describe('a session with a server that', () => {
  const limits = { keepaliveInterval: 30, keepaliveTimeout: 30 };

  it('falls silent ends with TIMEOUT, and so does everything that runs', async () => {
    const session = await sessionWith(
      (peer) => {
        peer.socket.pause();
      },
      { limits },
    );
    const waiting = [
      session.stat('a'),
      session.upload(new PassThrough(), 'b'),
      session.download('c', { write: () => undefined }),
      drain(session.list()),
      drain(session.read('d')),
      session.ping(),
    ].map((each) => failureOf(each));
    for (const error of await Promise.all(waiting))
      expect(error).toMatchObject({ code: 'TIMEOUT', retry: true });
    expect(await failureOf(session.stat('a'))).toMatchObject({ code: 'TIMEOUT' });
    expect(await session.closed).toMatchObject({ code: 'TIMEOUT' });
  });

  it('answers PINGs is not silent', async () => {
    let pings = 0;
    const session = await sessionWith(
      async (peer) => {
        for (; pings < 3; pings += 1) peer.say('PONG', 0, { token: (await peer.next('PING')).token });
        const { stream } = await peer.next('OPEN');
        peer.say('RESULT', stream, { status: codes.NOT_FOUND.number, effect: 'none' });
      },
      { limits },
    );
    while (pings < 3) await new Promise((resolve) => setImmediate(resolve));
    expect(await failureOf(session.stat('a'))).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('says goodbye starts nothing more, and lets what runs finish', async () => {
    const session = await sessionWith(async (peer) => {
      const { stream } = await peer.next('OPEN');
      const entry: Entry = { path: 'a', kind: 'file', size: 0, mtime: 0, executable: false };
      peer.say('GOAWAY', 0, { code: 0, lastStream: stream });
      peer.say('ENTRY', stream, { entries: [entry, { ...entry, path: 'b' }] });
      peer.say('RESULT', stream, ok);
    });
    const listing = session.list()[Symbol.asyncIterator]();
    expect(await listing.next()).toMatchObject({ value: { path: 'a' } });
    expect(await failureOf(session.stat('a'))).toMatchObject({ code: 'SHUTTING_DOWN', retry: true });
    expect(await failureOf(session.ping())).toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(await listing.next()).toMatchObject({ value: { path: 'b' } });
    expect(await listing.next()).toMatchObject({ done: true });
    expect(await session.closed).toMatchObject({ code: 'SHUTTING_DOWN' });
  });

  it('said goodbye is the reason why it closed', async () => {
    const session = await sessionWith((peer) => peer.say('GOAWAY', 0, { code: 0, lastStream: 0 }));
    expect(await session.closed).toMatchObject({ code: 'SHUTTING_DOWN' });
  });

  it('does not close after the goodbye is left behind', async () => {
    const session = await sessionWith(() => undefined);
    await session.close();
    expect(await session.closed).toBeUndefined();
  });

  it('sends PONGs nobody asked for is left', async () => {
    const session = await sessionWith((peer) => peer.say('PONG', 0, { token: 5 }));
    expect(await session.closed).toMatchObject({ code: 'STATE_VIOLATION' });
  });
});

describe('a server that breaks the rules with its first words', () => {
  const hello = messageFrame('HELLO', 0, {
    ...greasedHello,
    maxStreams: 64,
    mechanisms: ['ANONYMOUS'],
  });
  const words: [string, Code, readonly Uint8Array[]][] = [
    ['says HELLO twice', 'STATE_VIOLATION', [hello, hello]],
    ['talks nonsense after HELLO', 'FRAME_UNKNOWN', [hello, rawFrame(0x70, 0, bytes)]],
    [
      'takes back its HELLO',
      'BUSY',
      [hello, messageFrame('GOAWAY', 0, { code: codes.BUSY.number, lastStream: 0 })],
    ],
  ];
  // All in one read: the fault is known before anybody has been told of the HELLO.
  it.each(words)('%s', async (_, code, frames) => {
    const { url } = await rawServer((socket) => {
      const peer = new RawPeer(socket);
      void peer.next('HELLO').then(() => peer.send(PREFACE, ...frames));
    });
    expect(await failureOf(connect(url))).toMatchObject({ code });
  });
});
