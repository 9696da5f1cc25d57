import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codes } from '../../codes.js';
import { dataFrame, messageFrame } from '../../testing/frames.js';
import { op } from '../../testing/peer.js';
import { type ConflictPolicy, conflictPolicies } from '../../vocabulary.js';
import { BLOCK_SIZE, TreeDigest } from '../../wire/digest.js';
import { MAX_WHOLE_FILE } from '../bounds.js';
import { sha256Provider } from '../digests.js';
import { Gate, turns } from '../testing/deferred.js';
import { MemoryHandler } from '../testing/memory-handler.js';
import { RawPeer } from '../testing/raw-peer.js';
import { content, Rig } from '../testing/rig.js';
import type { OperationContext, ServeEvent, UploadRequest, WholeReceiver } from '../types.js';

/** Takes small files in one piece, and counts them. */
class WholeHandler extends MemoryHandler {
  wholes = 0;

  uploadWhole(request: UploadRequest, context: OperationContext): WholeReceiver {
    return {
      commit: async (commit, bytes) => {
        this.wholes += 1;
        const receiver = await this.upload(request, context);
        await receiver.write(bytes, 0);
        return receiver.commit(commit);
      },
    };
  }
}

function digestOf(data: Uint8Array): Uint8Array {
  const tree = new TreeDigest(sha256Provider.create);
  tree.update(data);
  return tree.digest();
}

/** One stream of an upload, and everything that can be wrong with it. */
interface Script {
  readonly id: number;
  readonly path: string;
  readonly size: number;
  readonly ifExists: ConflictPolicy;
  readonly ending: 'good' | 'other digest' | 'one byte more' | 'one byte less' | 'other length' | 'reset';
  /** Parts in which the bytes of all frames come, one in a turn. */
  readonly parts: number;
}

const scripts = fc.array(
  fc.record<Script>({
    id: fc.nat(2),
    path: fc.constantFrom('a', 'b', 'no/such'),
    size: fc.oneof(fc.constantFrom(0, 1, MAX_WHOLE_FILE, MAX_WHOLE_FILE + 1), fc.nat(3000)),
    ifExists: fc.constantFrom<ConflictPolicy>(...conflictPolicies),
    ending: fc.oneof(
      { weight: 4, arbitrary: fc.constant('good' as const) },
      fc.constantFrom('other digest' as const, 'one byte more' as const, 'one byte less' as const),
      fc.constantFrom('other length' as const, 'reset' as const),
    ),
    parts: fc.integer({ min: 1, max: 4 }),
  }),
  { minLength: 1, maxLength: 6 },
);

function framesOf({ id, path, size, ifExists, ending }: Script, stream: number): Uint8Array[] {
  const file = content(size, 1 + id);
  const operationId = new Uint8Array(16).fill(id);
  const length =
    { 'one byte more': size + 1, 'one byte less': Math.max(0, size - 1) }[ending as string] ?? size;
  const sent = content(length, 1 + id);
  const digest = ending === 'other digest' ? new Uint8Array(32) : digestOf(sent);
  const last =
    ending === 'reset'
      ? messageFrame('RESET', stream, { code: codes.CANCELLED.number, finalOffset: length })
      : messageFrame('END', stream, { length: ending === 'other length' ? length + 1 : length, digest });
  return [
    messageFrame('OPEN', stream, { operation: op.upload, operationId, path, size: file.length, ifExists }),
    ...(sent.length === 0 ? [] : [dataFrame(stream, sent)]),
    last,
  ];
}

/** What came of each, one after the other, for the log and for the client, and what is there in the end. */
async function play(handler: MemoryHandler, all: readonly Script[]): Promise<unknown> {
  const rig = await Rig.start({ server: { handler } });
  const heard: unknown[] = [];
  let peer = await RawPeer.client(rig.port);
  for (const [index, script] of all.entries()) {
    const bytes = Buffer.concat(framesOf(script, 2 * index + 1));
    const step = Math.ceil(bytes.length / script.parts);
    for (let at = 0; at < bytes.length; at += step) {
      peer.send(bytes.subarray(at, at + step));
      await turns(2);
    }
    const ended = (): number => rig.events.filter(({ type }) => type === 'operation').length;
    while (ended() <= index) await turns();
    const { code, outcome, path } = rig.events.filter(isOperation)[index] as Ended;
    const word = await lastWord(peer, 2 * index + 1);
    // Of two reasons to refuse it, one may be found before the other, and some are told to the whole connection.
    const isGood = script.ending === 'good' || code === 'OK';
    heard.push(isGood ? { code, outcome, path, ...word } : { outcome, path });
    if (peer.count('GOAWAY') > 0) peer = await RawPeer.client(rig.port);
  }
  const files = [...handler.files].map(([path, file]) => [path, file.content.length]);
  void rig.server.destroy();
  return { heard, files };
}

type Ended = Extract<ServeEvent, { type: 'operation' }>;
const isOperation = (event: ServeEvent): event is Ended => event.type === 'operation';

/** What a client was told last on a stream, before the answer to a PING, or before the end of the connection. */
async function lastWord(peer: RawPeer, stream: number): Promise<Record<string, unknown> | undefined> {
  peer.say('PING', 0, { token: stream });
  await peer.next('PONG').catch(() => undefined);
  const last = peer.frames.findLast(
    (frame) => frame.stream === stream && (frame.name === 'RESULT' || frame.name === 'RESET'),
  );
  return last && { name: last.name, status: last['status'], effect: last['effect'] };
}

describe('a server that takes small files in one piece', () => {
  it('answers as one that does not, whatever comes', async () => {
    let wholes = 0;
    await fc.assert(
      fc.asyncProperty(scripts, async (all) => {
        const whole = new WholeHandler();
        expect(await play(whole, all)).toEqual(await play(new MemoryHandler(), all));
        wholes += whole.wholes;
      }),
      { numRuns: 30 },
    );
    expect(wholes).toBeGreaterThan(10);
  }, 60_000);

  it('invites a client whose file did not come at once, and takes the rest', async () => {
    const handler = new WholeHandler();
    const rig = await Rig.start({ server: { handler } });
    const peer = await RawPeer.client(rig.port);
    const script: Script = { id: 1, path: 'a', size: 900, ifExists: 'fail', ending: 'good', parts: 1 };
    const [open, data, end] = framesOf(script, 1) as [Uint8Array, Uint8Array, Uint8Array];
    peer.send(open);
    expect(await peer.next('ACCEPT')).toMatchObject({ offset: 0, epoch: 1 });
    peer.send(data, end);
    expect(await peer.next('RESULT')).toMatchObject({ status: 0, outcome: 'created' });
    expect([handler.wholes, handler.files.get('a')?.content.length]).toEqual([1, 900]);
  });

  it('gives way to a newer stream of the same operation, and tells both the truth', async () => {
    const handler = new WholeHandler();
    const rig = await Rig.start({ server: { handler } });
    const older = await RawPeer.client(rig.port);
    const script: Script = { id: 1, path: 'a', size: 900, ifExists: 'fail', ending: 'good', parts: 1 };
    const [open, data, end] = framesOf(script, 1) as [Uint8Array, Uint8Array, Uint8Array];
    older.send(open);
    await older.next('ACCEPT');
    const newer = await RawPeer.client(rig.port);
    newer.send(open, data, end);
    expect(await older.next('RESULT')).toMatchObject({ status: codes.SUPERSEDED.number, effect: 'unknown' });
    expect(await newer.next('RESULT')).toMatchObject({ status: 0, outcome: 'created' });
    // Too late, and harmless.
    older.send(data, end);
    older.say('PING', 0, { token: 7 });
    await older.next('PONG');
    expect(handler.told).toHaveLength(1);
  });

  it('lets who asks during the commit wait for it, and tells the same', async () => {
    const handler = new WholeHandler();
    const gate = new Gate();
    handler.before = (step) => (step === 'commit' ? gate.pass() : undefined);
    const rig = await Rig.start({ server: { handler } });
    const script: Script = { id: 1, path: 'a', size: 900, ifExists: 'fail', ending: 'good', parts: 1 };
    const older = await RawPeer.client(rig.port);
    older.send(...framesOf(script, 1));
    await gate.reached;
    const newer = await RawPeer.client(rig.port);
    newer.send(...framesOf(script, 1));
    await turns(5);
    gate.open();
    for (const peer of [older, newer])
      expect(await peer.next('RESULT')).toMatchObject({ status: 0, outcome: 'created' });
    expect(handler.told).toHaveLength(1);
  });

  it('keeps nothing of one that was cut, and begins again', async () => {
    const handler = new WholeHandler();
    const rig = await Rig.start({ server: { handler } });
    const script: Script = { id: 1, path: 'a', size: 900, ifExists: 'fail', ending: 'good', parts: 1 };
    const [open, data] = framesOf(script, 1) as [Uint8Array, Uint8Array];
    const first = await RawPeer.client(rig.port);
    first.send(open, data);
    await first.next('ACCEPT');
    first.socket.destroy();
    expect(await rig.event('operation')).toMatchObject({ code: 'CONNECTION_LOST' });
    const second = await RawPeer.client(rig.port);
    second.send(...framesOf(script, 1));
    expect(await second.next('ACCEPT')).toMatchObject({ offset: 0, epoch: 2 });
    expect(await second.next('RESULT')).toMatchObject({ status: 0, outcome: 'created' });
    expect(handler.files.get('a')?.content.length).toBe(900);
  });

  it('takes larger ones the usual way', async () => {
    const handler = new WholeHandler();
    const rig = await Rig.start({ server: { handler } });
    const session = await rig.connect();
    for (const size of [MAX_WHOLE_FILE, MAX_WHOLE_FILE + 1, BLOCK_SIZE + 1])
      await session.upload(content(size), `file-${size}`);
    expect(handler.wholes).toBe(1);
    expect([...handler.files.values()].map(({ content: bytes }) => bytes.length)).toEqual([
      MAX_WHOLE_FILE,
      MAX_WHOLE_FILE + 1,
      BLOCK_SIZE + 1,
    ]);
  });
});
