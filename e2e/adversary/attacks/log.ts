import type { Attack } from '../harness/attack.js';
import type { Scene } from '../harness/scene.js';
import { clientFirst, freshNonce } from '../harness/scram.js';

/** A line that would look like one of ours, and escapes for whoever looks at it. */
const FORGED =
  'x\n{"level":30,"time":1,"msg":"forged"}\r\n{"event":"login","outcome":"accepted","user":"root"}\x1b[2J\u2028\u202e';

/**
 * The harness looks at every line of both logs after every attack. Here: that what was to be forged is there, in one piece
 * and harmless.
 */
async function written(scene: Scene, work: () => Promise<unknown>): Promise<string> {
  const { arena } = scene;
  await work();
  // The connection that brings this was taken after the other one was told of: logs are in order.
  await arena.honest.newcomer();
  const lines = [...arena.peekLog(), ...arena.peekAudit()];
  const forged = lines.filter((line) => /forged|"user":"root"/.test(line));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
  if (forged.some((line) => /[\x00-\x1f\x7f\u2028\u202e]/.test(line))) return 'a terminal obeys';
  if (forged.length === 0) return 'nothing was written';
  return forged.every(
    (line) => line.startsWith('{"level"') || line.startsWith('{"time"') || line.startsWith('{"event"'),
  )
    ? 'one line each'
    : `a line of its own: ${forged[0]}`;
}

const once = 'one line each';

export const log: readonly Attack[] = [
  {
    id: 'log-agent',
    class: 'log',
    target: 'server',
    what: 'a line of the log in the name of the client program',
    expected: once,
    slice: true,
    run: (scene) => written(scene, () => scene.enter({ hello: { agent: FORGED } })),
  },
  {
    id: 'log-path',
    class: 'log',
    target: 'server',
    what: 'a line of the log in a path',
    expected: once,
    run: (scene) =>
      written(scene, async () => {
        const client = await scene.enter();
        await client.answer(client.open('stat', { path: FORGED }));
        await client.answer(client.open('rename', { path: FORGED, target: `${FORGED}2` }));
      }),
  },
  {
    id: 'log-user',
    class: 'log',
    target: 'server',
    what: 'a line of the log in the name of a user that there is not',
    expected: [once, 'nothing was written'],
    run: (scene) =>
      written(scene, async () => {
        const client = await scene.connect();
        client.greet();
        await client.receive('HELLO');
        const proof = { user: FORGED, passcode: '', header: 'n,,', nonce: freshNonce() };
        client.frame('AUTH', 0, { mechanism: 'SCRAM-SHA-256', data: clientFirst(proof) });
        await client.verdict();
      }),
  },
  {
    id: 'log-mechanism',
    class: 'log',
    target: 'server',
    what: 'a line of the log in the name of a mechanism',
    expected: once,
    run: (scene) =>
      written(scene, async () => {
        const client = await scene.connect();
        client.greet();
        await client.receive('HELLO');
        client.frame('AUTH', 0, { mechanism: FORGED.slice(0, 50) });
        await client.verdict();
      }),
  },
  {
    id: 'log-goodbye',
    class: 'log',
    target: 'server',
    what: 'a line of the log in the reason of a GOAWAY',
    expected: [once, 'nothing was written'],
    run: (scene) =>
      written(scene, async () => {
        const client = await scene.enter();
        client.frame('GOAWAY', 0, { code: 6, lastStream: 0, reason: FORGED });
        await client.gone();
      }),
  },
  {
    id: 'log-flood',
    class: 'log',
    target: 'server',
    what: '1000 refused requests with paths of 4096 bytes: the log takes them, and the server goes on',
    expected: 'alive',
    run: async (scene) => {
      const client = await scene.enter();
      const path = `${'p'.repeat(250)}/`.repeat(16).slice(0, 4000);
      for (let i = 0; i < 10; i += 1) {
        const streams = Array.from({ length: 100 }, () => client.open('stat', { path: path + i }));
        await Promise.all(streams.map((stream) => client.answer(stream)));
      }
      return client.alive();
    },
  },
];
