import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack } from '../harness/attack.js';
import type { HostileClient } from '../harness/hostile-client.js';
import type { Scene } from '../harness/scene.js';
import type { OperationName, Values } from '../harness/wire.js';

/** Milliseconds that operations and swaps race each other. */
const RACE = 1500;
const evil = Buffer.from('evil');

type Move = (place: string, round: number) => readonly [OperationName, Values];

/**
 * Runs operations through a folder that is exchanged for a symlink out of the served folder all the while. What is outside is
 * compared by the harness; here nothing of it may come back.
 */
const racing =
  (moves: readonly Move[]) =>
  async (scene: Scene): Promise<string> => {
    const [place, spare, link] = ['place', 'spare', 'link'].map((name) => join(scene.disk, name)) as [
      string,
      string,
      string,
    ];
    mkdirSync(place);
    writeFileSync(join(place, 'precious.txt'), 'inside');
    mkdirSync(join(place, 'deep'));
    symlinkSync(join(scene.arena.base, 'outside'), link);
    const swapper = fork(join(import.meta.dirname, '../harness/swap.mjs'), [place, spare, link]);
    scene.onEnd(() => void swapper.kill('SIGKILL'));
    await once(swapper, 'message');
    const clients = await Promise.all(Array.from({ length: 3 }, () => scene.enter()));
    const end = performance.now() + RACE;
    let done = 0;
    await Promise.all(
      clients.map(async (client, lane) => {
        for (let round = 0; performance.now() < end && !client.ended; round += 1) {
          const move = moves[(round + lane) % moves.length] as Move;
          await run(client, move(`${scene.folder}/place`, round * 3 + lane));
          done += 1;
        }
      }),
    );
    const leaked = clients.some((client) =>
      client.kept.some(
        ({ name, payload }) =>
          (name === 'DATA' && payload.includes('precious')) ||
          (name === 'ENTRY' && payload.includes('secret')),
      ),
    );
    const lost = clients.some((client) => client.ended);
    const counted = once(swapper, 'message');
    swapper.send('stop');
    const [swaps] = (await counted) as [number];
    for (const name of readdirSync(scene.disk))
      rmSync(join(scene.disk, name), { recursive: true, force: true });
    if (done < 20 || swaps < 20) return `no race: ${done} operations, ${swaps} swaps`;
    if (lost) return 'a connection was lost';
    return leaked ? 'what is outside came back' : 'nothing escapes';
  };

async function run(client: HostileClient, [operation, values]: ReturnType<Move>): Promise<void> {
  const stream = client.open(operation, values);
  if (operation === 'upload') client.data(stream, evil).end(stream, evil);
  await client.answer(stream);
}

const cases: readonly (readonly [id: string, what: string, moves: readonly Move[], slice?: true])[] = [
  [
    'read',
    'stat, list and download',
    [
      (place) => ['download', { path: `${place}/precious.txt` }],
      (place) => ['list', { path: place, recursive: true }],
      (place) => ['stat', { path: `${place}/secret` }],
    ],
  ],
  [
    'write',
    'upload, overwriting and not, and new folders',
    [
      (place, round) => ['upload', { path: `${place}/new-${round}` }],
      (place) => ['upload', { path: `${place}/precious.txt`, ifExists: 3 }],
      (place, round) => ['makeDirectory', { path: `${place}/d-${round}/e`, parents: true, mtime: 1 }],
      (place) => ['makeDirectory', { path: `${place}/deep`, mtime: 1 }],
    ],
    true,
  ],
  [
    'remove',
    'remove, of a file and of everything',
    [
      (place) => ['remove', { path: `${place}/precious.txt` }],
      (place) => ['remove', { path: `${place}/deep`, recursive: true }],
      (place) => ['remove', { path: `${place}/secret` }],
    ],
  ],
  [
    'rename',
    'rename, out of the folder and into it',
    [
      (place, round) => [
        'rename',
        { path: `${place}/precious.txt`, target: `${place}/../x`.replace('/place/..', '') + round },
      ],
      (place, round) => ['rename', { path: `${place}/secret`, target: `${place}/taken-${round}` }],
      (place) => ['upload', { path: place.replace(/place$/, 'own') }],
      (place, round) => [
        'rename',
        { path: place.replace(/place$/, 'own'), target: `${place}/in-${round}`, ifExists: 3 },
      ],
    ],
  ],
];

export const race: readonly Attack[] = cases.map(([id, what, moves, slice]) => ({
  id: `race-${id}`,
  class: 'race',
  target: 'server',
  what: `a folder is exchanged for a symlink to outside and back, all the while: ${what}`,
  expected: 'nothing escapes',
  ...(slice === undefined ? {} : { slice }),
  run: racing(moves),
}));
