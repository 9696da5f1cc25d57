import { describe, expect, it } from 'vitest';
import type { Connection } from '../connection.js';
import { LocalProtocolError } from '../errors.js';
import { MAX_U64 } from '../limits.js';
import { concat, hex } from '../testing/bytes.js';
import { messageFrame } from '../testing/frames.js';
import { Bench, greasedHello, op } from '../testing/peer.js';
import { PREFACE } from '../wire/preface.js';

const digest = new Uint8Array(32).fill(3);
const long = 'x'.repeat(5000);

type Use = (connection: Connection) => unknown;

interface Case {
  readonly bench: () => Bench;
  /** Each throws and changes nothing. */
  readonly wrong: Readonly<Record<string, Use>>;
  /** Goes on as if nothing had been tried. */
  readonly right: Use;
}

const greeted = (role: 'client' | 'server') => () => {
  const bench = new Bench({ role });
  bench.feed(PREFACE, messageFrame('HELLO', 0, greasedHello));
  return bench;
};

const asked = () => {
  const bench = greeted('server')();
  bench.feed(messageFrame('AUTH', 0, { mechanism: 'X' }));
  return bench;
};

const serving =
  (operation: number, after: (bench: Bench) => void = () => undefined) =>
  () => {
    const bench = Bench.open('server');
    bench.hearOpen(1, operation);
    after(bench);
    bench.connection.events();
    return bench;
  };

const asking =
  (operation: 'upload' | 'download', after: (bench: Bench) => void = () => undefined) =>
  () => {
    const bench = Bench.open('client');
    bench.connection.open({ operation, path: 'a' });
    after(bench);
    bench.connection.events();
    return bench;
  };

const cases: Readonly<Record<string, Case>> = {
  'a client that was greeted': {
    bench: greeted('client'),
    wrong: {
      'authenticates with a name that is too long': (c) => c.authenticate(long),
      'authenticates with more than a step holds': (c) => c.authenticate('X', new Uint8Array(4097)),
      'opens a stream before it may': (c) => c.open({ operation: 'stat' }),
      'answers as a server': (c) => c.authenticated('ann'),
      'challenges as a server': (c) => c.challenge(digest),
      'pings before it may': (c) => c.ping(),
    },
    right: (c) => c.authenticate('X'),
  },
  'a server that was asked': {
    bench: asked,
    wrong: {
      'challenges with more than a step holds': (c) => c.challenge(new Uint8Array(4097)),
      'names someone whose name is too long': (c) => c.authenticated(long),
      'asks as a client': (c) => c.authenticate('X'),
    },
    right: (c) => c.authenticated('ann'),
  },
  'an open client': {
    bench: () => Bench.open('client'),
    wrong: {
      'opens what is no operation': (c) => c.open({ operation: 'format' as never }),
      'opens what has no valid path': (c) => c.open({ operation: 'stat', path: '../etc' }),
      'opens with an id that is too short': (c) =>
        c.open({ operation: 'stat', operationId: digest.subarray(1) }),
      'opens with a size that is none': (c) => c.open({ operation: 'upload', size: -1 }),
      'authenticates again': (c) => c.authenticate('X'),
      'writes to a stream that is not there': (c) => c.write(1, digest),
      'ends a stream that is not there': (c) => c.end(1, 0, digest),
      'consumes what never came': (c) => c.consume(1, 1),
      'consumes less than nothing': (c) => c.consume(1, -1),
      'consumes what is no number': (c) => c.consume(1, Number.NaN),
      'gives a result': (c) => c.result(1, { status: 'OK', effect: 'none' }),
    },
    right: (c) => c.open({ operation: 'stat', path: 'a' }),
  },
  'a client that uploads': {
    bench: asking('upload', (bench) => bench.connection.write(1, digest)),
    wrong: {
      'writes more than the peer takes in one frame': (c) => c.write(1, new Uint8Array(65_537)),
      'writes a frame longer than the peer takes': (c) => c.writeFramed(1, new Uint8Array(65_547)),
      'writes a frame without room for its header': (c) => c.writeFramed(1, new Uint8Array(9)),
      'writes more than it has credit for': (c) => c.write(1, new Uint8Array(c.sendable(1) + 1)),
      'ends with another length': (c) => c.end(1, 31, digest),
      'ends with a digest that is too short': (c) => c.end(1, 32, digest.subarray(1)),
      'accepts as a server': (c) => c.accept(1, { offset: 0 }),
      'acknowledges as a server': (c) => c.acknowledge(1, 0),
      'lists as a server': (c) => c.writeEntries(1, []),
    },
    right: (c) => c.end(1, 32, digest),
  },
  'a client that has said END': {
    bench: asking('upload', (bench) => bench.connection.end(1, 0, digest)),
    wrong: {
      'writes more': (c) => c.write(1, digest),
      'ends again': (c) => c.end(1, 0, digest),
    },
    right: (c) => c.reset(1, 'CANCELLED'),
  },
  'a client that downloads': {
    bench: asking('download', (bench) => {
      bench.hear('ACCEPT', 1, { offset: 0, epoch: 0 });
      bench.hearData(1, 3000);
    }),
    wrong: {
      writes: (c) => c.write(1, digest),
      'consumes more than came': (c) => c.consume(1, 3001),
      'consumes part of a byte': (c) => c.consume(1, 0.5),
      'ends it': (c) => c.end(1, 3000, digest),
    },
    right: (c) => c.consume(1, 3000),
  },
  'a server that was sent an upload': {
    bench: serving(op.upload, (bench) => bench.hearData(1, 50)),
    wrong: {
      'accepts with an etag that is too long': (c) => c.accept(1, { offset: 0, etag: long }),
      'accepts from where nobody asked': (c) => c.accept(1, { offset: 1 }),
      'accepts from before the beginning': (c) => c.accept(1, { offset: -1 }),
      'acknowledges before it accepted': (c) => c.acknowledge(1, 50),
      'succeeds before the end': (c) => c.result(1, { status: 'OK', effect: 'applied' }),
      'fails at a path that is none': (c) => c.result(1, { status: 'IO_ERROR', effect: 'none', path: '/' }),
      'fails with an effect that is none': (c) =>
        c.result(1, { status: 'IO_ERROR', effect: 'maybe' as never }),
      'sends file bytes': (c) => c.write(1, digest),
      'opens a stream': (c) => c.open({ operation: 'stat' }),
    },
    right: (c) => {
      c.accept(1, { offset: 0 });
      c.acknowledge(1, 50);
      c.result(1, { status: 'IO_ERROR', effect: 'none' });
    },
  },
  'a server that accepted an upload': {
    bench: serving(op.upload, (bench) => {
      bench.connection.accept(1, { offset: 0 });
      bench.hearData(1, 50);
      bench.connection.acknowledge(1, 20);
    }),
    wrong: {
      'accepts again': (c) => c.accept(1, { offset: 0 }),
      'takes an acknowledgement back': (c) => c.acknowledge(1, 19),
      'acknowledges what did not come': (c) => c.acknowledge(1, 51),
      'acknowledges half a byte': (c) => c.acknowledge(1, 20.5),
      'acknowledges what is no number': (c) => c.acknowledge(1, Number.NaN),
    },
    right: (c) => c.acknowledge(1, 21),
  },
  'a server that sends': {
    bench: serving(op.download, (bench) => bench.connection.accept(1, { offset: 0 })),
    wrong: {
      'ends with another length': (c) => c.end(1, MAX_U64, digest),
      'ends with a digest that is too long': (c) => c.end(1, 0, new Uint8Array(33)),
      'lists entries': (c) => c.writeEntries(1, []),
      'succeeds before the end': (c) => c.result(1, { status: 'OK', effect: 'none' }),
    },
    right: (c) => c.end(1, 0, digest),
  },
  'a server that lists': {
    bench: serving(op.list),
    wrong: {
      'sends file bytes': (c) => c.write(1, digest),
      'lists a path that is none': (c) =>
        c.writeEntries(1, [{ path: '..', kind: 'file', size: 0, mtime: 0, executable: false }]),
      'lists more than it has credit for': (c) =>
        c.writeEntries(
          1,
          Array(100).fill({ path: 'x'.repeat(200), kind: 'file', size: 0, mtime: 0, executable: false }),
        ),
      'accepts it': (c) => c.accept(1, { offset: 0 }),
    },
    right: (c) => c.result(1, { status: 'OK', effect: 'none' }),
  },
  'a client whose first stream has ended': {
    bench: () => {
      const bench = asking('download')();
      bench.connection.open({ operation: 'download', path: 'b' });
      for (const stream of [1, 3]) {
        bench.hear('ACCEPT', stream, { offset: 0, epoch: 0 });
        bench.hearData(stream, 3000);
      }
      bench.hear('RESULT', 1, { status: 0x32, effect: 'none' });
      bench.connection.consume(1, 2000);
      return bench;
    },
    wrong: {
      'consumes more than that stream left': (c) => c.consume(1, 1001),
      'consumes of a stream that was never there': (c) => c.consume(5, 1),
    },
    right: (c) => {
      c.consume(1, 1000);
      c.consume(3, 3000);
    },
  },
  'an end that is closed': {
    bench: () => {
      const bench = serving(op.download)();
      bench.connection.abort('INTERNAL');
      return bench;
    },
    wrong: {
      accepts: (c) => c.accept(1, { offset: 0 }),
      fails: (c) => c.result(1, { status: 'IO_ERROR', effect: 'none' }),
      writes: (c) => c.write(1, digest),
      pings: (c) => c.ping(),
    },
    right: (c) => {
      c.reset(1, 'CANCELLED');
      c.shutdown();
      c.abort('INTERNAL');
      c.receive(digest, 0);
      c.consume(1, 5);
      c.handleTimeout(1e9);
    },
  },
};

const look = (connection: Connection) => ({
  state: connection.state,
  outputSize: connection.outputSize,
  openStreams: connection.openStreams,
  sendable: connection.sendable(1),
  canOpen: connection.canOpen,
  isOpen: connection.isOpen(1),
  due: connection.nextTimeout(),
});

describe('misuse by the caller throws LocalProtocolError and changes nothing:', () => {
  for (const [who, { bench, wrong, right }] of Object.entries(cases)) {
    for (const [what, use] of Object.entries(wrong)) {
      it(`${who} ${what}`, () => {
        const { connection } = bench();
        const before = look(connection);
        expect(() => use(connection)).toThrow(LocalProtocolError);
        expect(look(connection)).toEqual(before);
        expect(connection.events()).toEqual([]);
        const twin = bench().connection;
        right(connection);
        right(twin);
        expect(hex(concat(connection.takeOutput()))).toBe(hex(concat(twin.takeOutput())));
        expect(look(connection)).toEqual(look(twin));
      });
    }
  }
});
