import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientExit } from '../../harness/client.js';
import type { Attack } from '../harness/attack.js';
import { type Asked, entry, type Lies, lyingServer, type ServerSide } from '../harness/lying-server.js';
import type { Scene } from '../harness/scene.js';
import { type Frame, frame, HEADER, header, PREFACE, types } from '../harness/wire.js';

const MiB = 1024 * 1024;
/** The credit that a client begins with, and a server that does not look may assume. */
const WINDOW = 262_144;
const evil = Buffer.from('evil!');
/** Escapes that set the title, clear the screen, and begin a line that looks like one of ours. */
const OBEYED = 'x\x1b]0;owned\x07\x1b[2J\r\nfilex-client: all is well\x9b31m\u202e';

/** The exit code, and whether anything reached the terminal that a terminal obeys. */
export function shown({ code, signal, stdout, stderr }: ClientExit): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
  const obeyed = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/.exec(stdout + stderr);
  const forged = /^filex-client: all is well/m.test(stdout + stderr);
  return `exit ${code ?? signal}${obeyed === null && !forged ? '' : ', and the terminal obeys'}`;
}

type Words = (url: (path?: string) => string, scene: Scene) => readonly string[];

const ls: Words = (url) => ['ls', url('t')];
const get: Words = (url, { destination }) => ['get', url('t'), destination];
const getTree: Words = (url, { destination }) => ['get', '-r', url('t'), destination];
const putting =
  (bytes: number, ...flags: readonly string[]): Words =>
  (url, { client }) => {
    const source = join(client, 'home', 'source');
    writeFileSync(source, '');
    truncateSync(source, bytes);
    return ['put', ...flags, source, url('t')];
  };

/** Runs the client with these words against a server that lies like this. */
const against =
  (lies: Lies, words: Words) =>
  async (scene: Scene): Promise<string> => {
    const server = await lyingServer(scene, lies);
    return shown(await scene.filex([...words(server.url, scene)]));
  };

/** A folder `t` whose listing is a lie, and files that are served whatever they are called. */
const tree = (list: (asked: Asked) => void): Lies => ({
  answer: (asked) => {
    const { operation, reply } = asked;
    if (operation === 'stat') reply.stat({ path: 't', kind: 'directory', size: 0 });
    else if (operation === 'list') list(asked);
    else reply.file(evil);
  },
});

/** A file `t` whose download is a lie. */
const download = (lie: (asked: Asked) => void): Lies => ({
  answer: (asked) => {
    if (asked.operation === 'stat') asked.reply.stat({ path: 't' });
    else lie(asked);
  },
});

/** Sends more and more of something as the client takes it, `count` times, then does what is last. */
function keepSending(side: ServerSide, bytes: Buffer, count: number, last: () => void): void {
  let sent = 0;
  const more = (): void => {
    while (sent < count) {
      sent += 1;
      if (!side.socket.write(bytes)) {
        side.socket.once('drain', more);
        return;
      }
    }
    last();
  };
  more();
}

type Case = readonly [
  id: string,
  what: string,
  expected: string | readonly string[],
  run: (scene: Scene) => Promise<string>,
  more?: Partial<Attack>,
];

/** Paths in a listing that would lead out of the destination. */
const forbidden: readonly (readonly [id: string, what: string, path: string, more?: Partial<Attack>])[] = [
  ['upwards', '`..` in a recursive listing', '../evil.txt', { slice: true }],
  ['upwards-inside', '`..` in the middle of a listed path', 'a/../../evil.txt'],
  ['absolute', 'an absolute path in a listing', '/tmp/filex-evil.txt', { slice: true }],
  ['nul', 'a NUL in a listed path', 'evil\0.txt'],
  ['long-name', 'a name of 256 bytes in a listing', 'n'.repeat(256)],
];

/** Entries of one page. */
const PAGE = 200;
/** What each endless listing has left to send: it goes on as the client grants credit. */
const listings = new WeakMap<
  ServerSide,
  { limits: [connection: number, stream: number]; more: () => void }
>();

/** Sends so many entries, as fast as the client takes them. */
function endlessListing({ side, stream }: Asked['reply'], count: number, last: () => void): void {
  let first = 0;
  let spent = 0;
  const limits: [number, number] = [WINDOW, WINDOW];
  const more = (): void => {
    while (first < count) {
      const names = Array.from({ length: PAGE }, (_, i) => `file-${String(first + i).padStart(9, '0')}`);
      const page = frame('ENTRY', stream, { entries: names.map((path) => entry({ path })) });
      if (spent + page.length - HEADER > Math.min(...limits)) return;
      spent += page.length - HEADER;
      first += PAGE;
      side.send(page);
    }
    listings.delete(side);
    last();
  };
  listings.set(side, { limits, more });
  more();
}

/** Credit that the client has granted for an endless listing. */
function grant(side: ServerSide, came: Frame): void {
  const listing = listings.get(side);
  if (came.name !== 'CREDIT' || listing === undefined) return;
  const at = came.stream === 0 ? 0 : 1;
  listing.limits[at] = Math.max(listing.limits[at], came.number('limit'));
  listing.more();
}

const cases: readonly Case[] = [
  ...forbidden.map(
    ([id, what, path, more]): Case => [
      `listing-${id}`,
      what,
      'exit 1',
      against(
        tree(({ reply }) => void reply.entries({ path }).success()),
        getTree,
      ),
      { leaves: ['t'], ...more },
    ],
  ),
  [
    'listing-deeper',
    'a listing of one folder that names what is deeper',
    'exit 1',
    against({ answer: ({ reply }) => void reply.entries({ path: 'a/b' }).success() }, ls),
  ],
  [
    'listing-symlink',
    'a listed path that leads through a symlink in the destination',
    'exit 6',
    async (scene) => {
      mkdirSync(join(scene.destination, 't'));
      symlinkSync('../../deep', join(scene.destination, 't/link'));
      return against(
        tree(({ reply }) => void reply.entries({ path: 'link/evil' }).success()),
        getTree,
      )(scene);
    },
    { leaves: ['t'] },
  ],
  [
    'listing-endless',
    'a listing without end, to be shown: 120 000 entries, then the line is cut',
    'exit 5',
    against(
      {
        answer: ({ reply }) => {
          endlessListing(reply, 120_000, () => reply.side.socket.destroy());
        },
        hear: (side, came) => grant(side, came),
      },
      ls,
    ),
    { duration: 40_000 },
  ],
  [
    'listing-endless-tree',
    'a folder without end, to be fetched: 15 000 files that are refused one by one',
    'exit 6',
    against(
      {
        answer: ({ operation, reply }) => {
          if (operation === 'stat') reply.stat({ path: 't', kind: 'directory', size: 0 });
          else if (operation === 'list') endlessListing(reply, 15_000, () => reply.success());
          else reply.say('RESULT', { status: 0x23, effect: 0 });
        },
        hear: (side, came) => grant(side, came),
      },
      getTree,
    ),
    { duration: 60_000, leaves: ['t'] },
  ],
  [
    'listing-escapes',
    'terminal escapes in names',
    'exit 0',
    against({ answer: ({ reply }) => void reply.entries({ path: OBEYED }).success() }, ls),
    { slice: true },
  ],
  [
    'detail-escapes',
    'terminal escapes in the message of an error',
    'exit 4',
    against(
      { answer: ({ reply }) => void reply.say('RESULT', { status: 0x23, effect: 0, detail: OBEYED }) },
      get,
    ),
  ],
  [
    'goodbye-escapes',
    'terminal escapes in the reason of a GOAWAY',
    'exit 5',
    against(
      { greet: (side) => side.greet().frame('GOAWAY', 0, { code: 0x0d, lastStream: 0, reason: OBEYED }) },
      ls,
    ),
  ],
  [
    'agent-escapes',
    'terminal escapes in the name of the program and of the user',
    'exit 0',
    against(
      {
        hello: { agent: OBEYED },
        authenticate: (side) => side.success({ principal: OBEYED }),
        answer: ({ reply }) => void reply.entries({ path: 'a' }).success(),
      },
      (url) => ['ls', '-v', url('t')],
    ),
  ],
  [
    'wrong-digest',
    'a file with the digest of another',
    'exit 12',
    against(
      download(({ reply }) => {
        reply
          .accept({ size: 5 })
          .data(evil)
          .end(evil, { digest: Buffer.alloc(32, 1) })
          .success({ outcome: 5 });
      }),
      get,
    ),
    { slice: true },
  ],
  [
    'longer',
    'a file that is longer than announced',
    'exit 12',
    against(
      download(({ reply }) => void reply.accept({ size: 3 }).data(evil).end(evil).success({ outcome: 5 })),
      get,
    ),
  ],
  [
    'shorter',
    'a file that is shorter than announced',
    'exit 12',
    against(
      download(({ reply }) => void reply.accept({ size: 300 }).data(evil).end(evil).success({ outcome: 5 })),
      get,
    ),
  ],
  [
    'giant-size',
    'a file of 2^53-1 bytes, of which five come before the line is cut: no room is reserved',
    ['exit 5', 'exit 8'],
    against(
      download(({ reply }) => {
        reply.accept({ size: Number.MAX_SAFE_INTEGER }).data(evil);
        reply.side.socket.end();
      }),
      get,
    ),
  ],
  [
    'negative-size',
    'a file of 2^64-1 bytes',
    'exit 1',
    against(
      download(({ reply }) => void reply.accept({ size: -1 })),
      get,
    ),
  ],
  [
    'no-end',
    'a download that is called done without an END',
    'exit 1',
    against(
      download(({ reply }) => void reply.accept({ size: 5 }).data(evil).success({ outcome: 5 })),
      get,
    ),
  ],
  [
    'data-after-end',
    'DATA after END',
    'exit 1',
    against(
      download(({ reply }) => void reply.accept({ size: 5 }).data(evil).end(evil).data(evil)),
      get,
    ),
  ],
  [
    'giant-frame',
    'a frame of four gigabytes',
    'exit 1',
    against(
      download(({ reply }) => {
        reply.accept({ size: 5 });
        reply.side.send(header(0xffffffff, types.DATA, reply.stream));
        keepSending(reply.side, Buffer.alloc(MiB), 64, () => undefined);
      }),
      get,
    ),
    { slice: true },
  ],
  [
    'more-than-credit',
    'a file that comes faster than the client has granted credit',
    'exit 1',
    against(
      download(({ reply }) => {
        reply.accept({ size: 64 * MiB });
        for (let i = 0; i < 1024; i += 1) reply.data(Buffer.alloc(65_536));
      }),
      get,
    ),
  ],
  [
    'other-name',
    'a *stat* and a result that name another file than the one asked for',
    'exit 0',
    against(
      {
        answer: ({ operation, reply }) => {
          if (operation === 'stat') reply.stat({ path: 'precious.txt' });
          else
            reply.accept({ size: 5 }).data(evil).end(evil).success({ outcome: 5, path: 'home/precious.txt' });
        },
      },
      get,
    ),
    { leaves: ['t'] },
  ],
  [
    'renamed-elsewhere',
    'an upload that was renamed to `../../evil`',
    'exit 1',
    against(
      {
        answer: ({ operation, reply }) => {
          if (operation === 'upload') reply.success({ effect: 1, outcome: 0, path: '../../evil' });
          else reply.say('RESULT', { status: 0x23, effect: 0 });
        },
      },
      putting(5, '--if-exists', 'rename'),
    ),
  ],
  [
    'result-unopened',
    'RESULT for a stream that was never opened',
    'exit 1',
    against(
      { answer: ({ reply }) => void reply.side.frame('RESULT', reply.stream + 2, { status: 0, effect: 1 }) },
      ls,
    ),
    { slice: true },
  ],
  [
    'accept-offset',
    'an upload that is ACCEPTed behind its beginning: the bytes before would never be sent',
    'exit 1',
    against(
      {
        answer: ({ operation, reply }) => {
          if (operation === 'upload') reply.accept({ offset: 1024, prefix: Buffer.alloc(32) });
          else reply.say('RESULT', { status: 0x23, effect: 0 });
        },
      },
      putting(5 * MiB),
    ),
  ],
  [
    'silent',
    'a server that takes the connection and never says a word',
    'exit 10',
    against({ greet: () => undefined }, (url) => ['ls', '--connect-timeout', '1', url()]),
  ],
  [
    'dripping',
    'a HELLO that drips, a byte each 50 ms: every one is a sign of life, and the time is up all the same',
    'exit 10',
    against(
      {
        greet: (side) => {
          const bytes = Buffer.concat([PREFACE, side.helloBytes()]);
          let at = 0;
          const drip = setInterval(() => {
            if (side.socket.destroyed || at >= bytes.length) clearInterval(drip);
            else side.send(bytes.subarray(at, at + 1));
            at += 1;
          }, 50);
        },
      },
      (url) => ['ls', '--connect-timeout', '1', url()],
    ),
  ],
  [
    'no-credit',
    'an upload of 64 MiB to a server that never grants credit, and hangs up after a while',
    'exit 5',
    against(
      {
        answer: ({ operation, reply }) => {
          if (operation !== 'upload') reply.say('RESULT', { status: 0x23, effect: 0 });
          else setTimeout(() => reply.side.socket.destroy(), 1000);
        },
      },
      putting(64 * MiB),
    ),
  ],
  [
    'all-credit-unread',
    'all the credit there can be for an upload of 1 GiB, and nothing is read: it must not pile up',
    'exit 5',
    against(
      {
        answer: ({ operation, reply: { side, stream } }) => {
          if (operation !== 'upload') return void side.frame('RESULT', stream, { status: 0x23, effect: 0 });
          for (const each of [0, stream]) side.frame('CREDIT', each, { limit: Number.MAX_SAFE_INTEGER });
          side.socket.pause();
          setTimeout(() => side.socket.destroy(), 1500);
        },
      },
      putting(1024 * MiB),
    ),
  ],
  [
    'ping-flood',
    '1 000 000 PINGs to a client that is kept waiting',
    ['exit 8', 'exit 5', 'exit 1'],
    against(
      {
        answer: ({ reply: { side } }) => {
          side.socket.pause();
          const pings = Buffer.concat(Array.from({ length: 1000 }, () => frame('PING', 0, { token: 1 })));
          keepSending(side, pings, 1000, () => side.socket.destroy());
        },
      },
      ls,
    ),
    { duration: 30_000 },
  ],
  [
    'foreign-redirect',
    'a web server that sends the client elsewhere: nobody is connected to there',
    'exit 1, nobody is met',
    async (scene) => {
      const elsewhere = await lyingServer(scene, {});
      const port = await scene.serve((socket) => {
        socket.end(`HTTP/1.1 301 Moved\r\nLocation: filex+tcp://127.0.0.1:${elsewhere.port}/\r\n\r\n`);
      });
      const exit = await scene.filex(['ls', `filex+tcp://127.0.0.1:${port}/`]);
      return `${shown(exit)}, ${elsewhere.met() === 0 ? 'nobody' : 'somebody'} is met`;
    },
  ],
  [
    'goodbye-redirect',
    'a GOAWAY whose reason is an address to go to',
    'exit 5, nobody is met',
    async (scene) => {
      const elsewhere = await lyingServer(scene, {});
      const reason = `moved to filex+tcp://127.0.0.1:${elsewhere.port}/`;
      const server = await lyingServer(scene, {
        greet: (side) => side.greet().frame('GOAWAY', 0, { code: 0x0d, lastStream: 0, reason }),
      });
      const exit = await scene.filex(['ls', server.url()]);
      return `${shown(exit)}, ${elsewhere.met() === 0 ? 'nobody' : 'somebody'} is met`;
    },
  ],
  [
    'grease',
    'a HELLO with 4000 mechanisms and versions that nobody knows: passed over',
    'exit 0',
    against(
      {
        hello: {
          versions: [...Array.from({ length: 4000 }, (_, i) => 2 + i), 1],
          mechanisms: [...Array.from({ length: 4000 }, (_, i) => `X-${i}`), 'ANONYMOUS'],
        },
        answer: ({ reply }) => void reply.entries({ path: 'a' }).success(),
      },
      ls,
    ),
  ],
];

export const lies: readonly Attack[] = cases.map(([id, what, expected, run, more]) => ({
  id: `lie-${id}`,
  class: 'lying server',
  target: 'client',
  what,
  expected,
  ...more,
  run,
}));
