import type { ClientUnderTest, Ending, Task } from '../../client/client-under-test.js';
import { codeNumber } from '../../spec/specification.js';
import { u8, u16, u32, u64, utf8 } from '../../wire/bytes.js';
import { frame, tagOf } from '../../wire/encode.js';
import { frameName, type RawFrame, rawFrame } from '../../wire/frame.js';
import { treeDigest } from '../../wire/tree-digest.js';
import { libraryClient } from '../library-client.js';
import { fields, set } from './changes.js';
import { type Breakage, type Line, startProxy } from './proxy.js';

/** A client that breaks a rule. */
export interface BrokenClient extends Breakage {
  readonly title: string;
  /** The rule that has to be named. */
  readonly rule: string;
  /** The cases that are enough to find out. */
  readonly only: readonly string[];
  /** Understands addresses in its own way. */
  readonly address?: (url: string) => string;
  /** Tells its user something else. */
  readonly ending?: (ending: Ending) => Ending;
}

const nothing = Buffer.alloc(0);
const is = ({ type }: RawFrame, name: string): boolean => frameName(type) === name;

/** Bytes of DATA that came down on each stream. */
function arrived({ memory }: Line, { stream, payload }: RawFrame): Buffer {
  const before = (memory.get(`data ${stream}`) as Buffer | undefined) ?? nothing;
  const all = Buffer.concat([before, payload]);
  memory.set(`data ${stream}`, all);
  return all;
}

export const brokenClients: readonly BrokenClient[] = [
  {
    title: 'speaks plaintext to a filex:// address',
    rule: 'FX-2.1-4',
    only: ['FX-2.1-4'],
    address: (url) => url.replace('filex://', 'filex+tcp://'),
  },
  {
    title: 'decodes paths twice',
    rule: 'FX-2.2-1',
    only: ['FX-2.2-1'],
    address: (url) => url.replaceAll('%25', '%'),
  },
  {
    title: 'waits for the server before it speaks',
    rule: 'FX-3.1-2',
    only: ['FX-3.1-1'],
    up: (one) => (is(one, 'HELLO') ? nothing : undefined),
  },
  {
    title: 'sets flags',
    rule: 'FX-4.1-1',
    only: ['FX-4.1-4'],
    up: (one) => (is(one, 'DATA') ? rawFrame(one.type, one.stream, one.payload, { flags: 1 }) : undefined),
  },
  {
    title: 'does not skip frames that it does not know',
    rule: 'FX-4.2-6',
    only: ['*/ignorable-frames-*'],
    down: ({ type, stream, payload }) => (type >= 0x80 ? rawFrame(0x42, stream, payload) : undefined),
  },
  {
    title: 'writes an unknown even field',
    rule: 'FX-5.1-6',
    only: ['FX-8.2-3'],
    up: fields('OPEN', (all) => [...all, [1000, utf8('even')]]),
  },
  {
    title: 'ignores unknown even fields',
    rule: 'FX-5.1-6',
    only: ['*result-with-an-unknown-even-field'],
    down: fields('RESULT', (all) => all.filter(([tag]) => tag < 16)),
  },
  {
    title: 'uses a mechanism that was not offered',
    rule: 'FX-6.3-5',
    only: ['FX-6.3-5'],
    down: set('HELLO', 'mechanisms', () => Buffer.concat([u16(9), utf8('ANONYMOUS')])),
  },
  {
    title: 'speaks any version',
    rule: 'FX-6.2-1',
    only: ['FX-6.2-1'],
    down: set('HELLO', 'versions', () => u16(1)),
  },
  {
    title: 'has one operation id',
    rule: 'FX-7.2-3',
    only: ['FX-6.2-6'],
    up: set('OPEN', 'operationId', (old) => Buffer.alloc(old.length, 7)),
  },
  {
    title: 'takes every RESULT for success',
    rule: 'FX-7.3-2',
    only: ['FX-7.3-2'],
    down: set('RESULT', 'status', () => u16(0)),
  },
  {
    title: 'ends with exit code 0 whatever happened',
    rule: 'FX-7.3-4',
    only: ['FX-7.3-4'],
    ending: (ending) => ({ ...ending, ok: true }),
  },
  {
    title: 'sends no digest but zeroes',
    rule: 'FX-8.2-5',
    only: ['FX-8.2-5'],
    up: set('END', 'digest', (old) => Buffer.alloc(old.length)),
  },
  {
    title: 'says nothing when it was refused',
    rule: 'FX-8.4-2',
    only: ['FX-8.4-2'],
    up: (one) => (is(one, 'RESET') ? nothing : undefined),
  },
  {
    title: 'does not compare digests',
    rule: 'FX-9.3-1',
    only: ['FX-9.3-1'],
    down: (one, line) => {
      if (is(one, 'DATA')) arrived(line, one);
      if (!is(one, 'END')) return undefined;
      const all = arrived(line, { ...one, payload: nothing });
      return set('END', 'digest', () => treeDigest(all))(one);
    },
  },
  {
    title: 'does not compare sizes',
    rule: 'FX-9.3-2',
    only: ['FX-9.3-2'],
    // Told the size when it is known, it can find nothing wrong with it.
    down: (one, line) => {
      if (is(one, 'ACCEPT')) {
        line.memory.set('accept', one);
        return nothing;
      }
      if (is(one, 'DATA')) {
        arrived(line, one);
        return nothing;
      }
      if (!is(one, 'END')) return undefined;
      const all = arrived(line, { ...one, payload: nothing });
      const accept = set('ACCEPT', 'size', () => u64(all.length))(line.memory.get('accept') as RawFrame);
      return Buffer.concat([
        accept as Uint8Array,
        rawFrame(0x05, one.stream, all),
        rawFrame(one.type, one.stream, one.payload),
      ]);
    },
  },
  {
    title: 'lists what is deeper as if it were here',
    rule: 'FX-10.2-3',
    only: ['FX-10.2-3'],
    down: (one) =>
      is(one, 'ENTRY')
        ? rawFrame(one.type, one.stream, rename(one.payload, 'two/three.txt', 'two+three.txt'))
        : undefined,
  },
  {
    title: 'takes a prefix where nothing was asked for',
    rule: 'FX-12.2-6',
    only: ['FX-12.2-6'],
    down: fields('ACCEPT', (all) => all.filter(([tag]) => tag !== tagOf('ACCEPT', 'prefix'))),
  },
  {
    title: 'knows no credit of a stream',
    rule: 'FX-13.1-3',
    only: ['*upload-stops-at-the-credit-of-a-stream'],
    down: set('HELLO', 'streamWindow', () => u64(67_108_864)),
  },
  {
    title: 'knows no credit of the connection',
    rule: 'FX-13.1-3',
    only: ['*upload-stops-at-the-credit-of-the-connection'],
    down: set('HELLO', 'connectionWindow', () => u64(67_108_864)),
  },
  {
    title: 'sends larger DATA than the server takes',
    rule: 'FX-4.2-3',
    only: ['*data-is-no-longer-than-the-server-takes'],
    down: set('HELLO', 'maxDataPayload', () => u32(1_048_576)),
  },
  {
    title: 'grants credit on receipt',
    rule: 'FX-13.2-2',
    only: ['FX-13.2-2'],
    // What it takes too much waits in its memory for ever.
    down: (one, line) => {
      if (!is(one, 'DATA')) return undefined;
      const count = ((line.memory.get('count') as number | undefined) ?? 0) + one.payload.length;
      line.memory.set('count', count);
      const limit = count + 1_000_000;
      line.server.write(
        Buffer.concat([frame('CREDIT', 0, { limit }), frame('CREDIT', one.stream, { limit })]),
      );
      return nothing;
    },
  },
  {
    title: 'never grants credit again',
    rule: 'FX-13.2-3',
    only: ['FX-13.2-3'],
    up: (one) => (is(one, 'CREDIT') ? nothing : undefined),
  },
  {
    title: 'accepts ..',
    rule: 'FX-15.1-3',
    only: ['FX-15.1-3'],
    down: (one) =>
      is(one, 'ENTRY') ? rawFrame(one.type, one.stream, rename(one.payload, '..', 'xx')) : undefined,
  },
  {
    title: 'ends without a word when the server breaks a rule',
    rule: 'FX-17.1-1',
    only: ['FX-17.1-1'],
    up: (one) => (is(one, 'GOAWAY') ? nothing : undefined),
  },
  {
    title: 'says INTERNAL whatever the fault was',
    rule: 'FX-4.2-7',
    only: ['FX-4.2-7'],
    up: set('GOAWAY', 'code', (old) => (old.readUInt16BE() === 0 ? old : u16(codeNumber('INTERNAL')))),
  },
  {
    title: 'answers GOAWAY',
    rule: 'FX-17.1-5',
    only: ['FX-17.1-5'],
    down: (one, line) => {
      if (is(one, 'GOAWAY')) line.server.write(frame('GOAWAY', 0, { code: 0x06, lastStream: 0 }));
      return undefined;
    },
  },
  {
    title: 'answers PING with a token of its own',
    rule: 'FX-18.1-1',
    only: ['FX-18.1-1'],
    up: set('PONG', 'token', () => u64(77)),
  },
  {
    title: 'answers no PING',
    rule: 'FX-18.1-1',
    only: ['FX-18.1-1'],
    up: (one) => (is(one, 'PONG') ? nothing : undefined),
  },
  {
    title: 'knows no grease',
    rule: 'FX-20.1-4',
    only: ['FX-20.1-4'],
    down: fields('HELLO', (all) =>
      all.some(([tag, value]) => tag === tagOf('HELLO', 'versions') && value.length > 2)
        ? [[2, u8(1)]]
        : undefined,
    ),
  },
  {
    title: 'shows what the server says as it is',
    rule: 'FX-21.1-1',
    only: ['FX-21.1-1'],
    ending: (ending) => ({ ...ending, output: ending.how }),
  },
];

/** Other bytes of the same length. */
function rename(payload: Buffer, from: string, to: string): Buffer {
  return Buffer.from(payload.toString('latin1').replaceAll(from, to), 'latin1');
}

/** The client of the library, made wrong. */
export function breakClient(
  breakage: Pick<BrokenClient, keyof Breakage | 'address' | 'ending'>,
): ClientUnderTest {
  return {
    ...libraryClient,
    start: (task) => {
      const started = startThrough(task, breakage);
      return {
        ended: started.then(({ ended }) => ended).then((ending) => breakage.ending?.(ending) ?? ending),
        release: () => void started.then((client) => client.release()),
        stop: () => void started.then((client) => client.stop()),
      };
    },
  };
}

async function startThrough(task: Task, breakage: Parameters<typeof breakClient>[0]) {
  const url = breakage.address?.(task.url) ?? task.url;
  const port = Number(/:(\d+)\//.exec(url)?.[1] ?? 0);
  const proxy = await startProxy(port, breakage);
  return libraryClient.start({ ...task, url: url.replace(`:${port}/`, `:${proxy}/`) });
}
