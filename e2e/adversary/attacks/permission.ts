import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack } from '../harness/attack.js';
import type { HostileClient } from '../harness/hostile-client.js';
import type { Scene } from '../harness/scene.js';
import { type OperationName, told, type Values } from '../harness/wire.js';

const DENIED = 'RESULT PERMISSION_DENIED';
const evil = Buffer.from('evil');

type Question = readonly [OperationName, Values];

async function ask(client: HostileClient, [operation, values]: Question): Promise<string> {
  const stream = client.open(operation, values);
  if (operation === 'upload') client.data(stream, evil).end(stream, evil);
  return client.answer(stream);
}

/** As that user: the answers that differ. */
async function askAs(
  scene: Scene,
  user: string | undefined,
  questions: readonly Question[],
): Promise<string> {
  const client = await scene.enter({ user, tls: true });
  const answers = new Set<string>();
  for (const question of questions) answers.add(await ask(client, question));
  return [...answers].join(', ');
}

/** A file and a folder with a file in the attack's own folder; gone afterwards. */
function furnish(scene: Scene): { file: string; folder: string; free: string } {
  mkdirSync(join(scene.disk, 'folder'));
  writeFileSync(join(scene.disk, 'file'), 'theirs');
  writeFileSync(join(scene.disk, 'folder/inner'), 'theirs');
  return { file: `${scene.folder}/file`, folder: `${scene.folder}/folder`, free: `${scene.folder}/free` };
}

/** What became of it: that nothing did. */
function unchanged(scene: Scene): boolean {
  const names = readdirSync(scene.disk).sort().join();
  const same =
    names === 'file,folder' &&
    readFileSync(join(scene.disk, 'file'), 'utf8') === 'theirs' &&
    readdirSync(join(scene.disk, 'folder')).join() === 'inner' &&
    readFileSync(join(scene.disk, 'folder/inner'), 'utf8') === 'theirs';
  return same;
}

function clear(scene: Scene): void {
  for (const name of readdirSync(scene.disk)) rmSync(join(scene.disk, name), { recursive: true });
}

const changing = ({ file, folder, free }: ReturnType<typeof furnish>): readonly Question[] => [
  ['upload', { path: free }],
  ['upload', { path: file, ifExists: 3 }],
  ['upload', { path: file, ifExists: 4, mtime: 2 ** 52 }],
  ['upload', { path: file, ifExists: 2 }],
  ['makeDirectory', { path: free }],
  ['makeDirectory', { path: `${free}/a/b`, parents: true }],
  ['rename', { path: file, target: free }],
  ['rename', { path: folder, target: free }],
  ['rename', { path: file, target: `${folder}/inner`, ifExists: 3 }],
  ['remove', { path: file }],
  ['remove', { path: folder, recursive: true }],
];

const looking = ({ file, folder }: ReturnType<typeof furnish>): readonly Question[] => [
  ['stat', { path: file }],
  ['stat', {}],
  ['list', { path: folder }],
  ['list', { recursive: true }],
  ['download', { path: file }],
];

async function tried(
  scene: Scene,
  user: string | undefined,
  questions: readonly Question[],
): Promise<string> {
  const answers = await askAs(scene, user, questions);
  const same = unchanged(scene);
  clear(scene);
  return same ? answers : `${answers}, and something changed`;
}

export const permission: readonly Attack[] = [
  {
    id: 'permission-reader',
    class: 'permission',
    target: 'server',
    what: 'a user who may only read: upload, overwrite, make folders, rename, remove',
    expected: DENIED,
    slice: true,
    run: (scene) => tried(scene, 'reader', changing(furnish(scene))),
  },
  {
    id: 'permission-dropper-looks',
    class: 'permission',
    target: 'server',
    what: 'a user of a letter box: stat, list, download',
    expected: DENIED,
    slice: true,
    run: (scene) => tried(scene, 'dropper', looking(furnish(scene))),
  },
  {
    id: 'permission-dropper-takes',
    class: 'permission',
    target: 'server',
    what: 'a user of a letter box: rename out of it, remove',
    expected: DENIED,
    run: async (scene) => {
      const places = furnish(scene);
      const blind: readonly Question[] = [
        ['rename', { path: places.file, target: places.free }],
        ['rename', { path: places.folder, target: places.free }],
        ['remove', { path: places.file }],
        ['remove', { path: places.folder, recursive: true }],
      ];
      return tried(scene, 'dropper', blind);
    },
  },
  {
    id: 'permission-dropper-overwrites',
    class: 'permission',
    target: 'server',
    what: 'a user of a letter box overwrites: it goes beside what is there, and what is told is the same',
    expected: 'RESULT OK, beside',
    run: async (scene) => {
      const { file, folder } = furnish(scene);
      const answers = await askAs(scene, 'dropper', [
        ['upload', { path: file, ifExists: 3 }],
        ['upload', { path: file, ifExists: 4, mtime: 2 ** 52 }],
        ['upload', { path: `${folder}/inner`, ifExists: 3 }],
      ]);
      const kept =
        readFileSync(join(scene.disk, 'file'), 'utf8') === 'theirs' &&
        readFileSync(join(scene.disk, 'folder/inner'), 'utf8') === 'theirs';
      clear(scene);
      return `${answers}, ${kept ? 'beside' : 'in its place'}`;
    },
  },
  {
    id: 'permission-dropper-guesses',
    class: 'permission',
    target: 'server',
    what: 'a user of a letter box guesses names: each answer is the same for one that is there and one that is not',
    expected: 'the same',
    run: async (scene) => {
      const { file, folder } = furnish(scene);
      const client = await scene.enter({ user: 'dropper', tls: true });
      const gone = (path: string): string => `${path}-not`;
      const pairs: readonly (readonly [Question, Question])[] = [
        [
          ['stat', { path: file }],
          ['stat', { path: gone(file) }],
        ],
        [
          ['download', { path: file }],
          ['download', { path: gone(file) }],
        ],
        [
          ['list', { path: folder }],
          ['list', { path: gone(folder) }],
        ],
        [
          ['remove', { path: file }],
          ['remove', { path: gone(file) }],
        ],
        [
          ['rename', { path: file, target: 'x' }],
          ['rename', { path: gone(file), target: 'x' }],
        ],
        [
          ['upload', { path: file }],
          ['upload', { path: gone(file) }],
        ],
        [
          ['upload', { path: file, ifExists: 2 }],
          ['upload', { path: gone(`${file}2`), ifExists: 2 }],
        ],
        [
          ['upload', { path: file, ifExists: 1 }],
          ['upload', { path: gone(`${file}3`), ifExists: 1 }],
        ],
      ];
      const different: string[] = [];
      for (const [there, not] of pairs) {
        const [a, b] = [await fullAnswer(client, there), await fullAnswer(client, not)];
        if (a !== b) different.push(`${there[0]} ${there[1]['ifExists'] ?? ''}: ${a} / ${b}`);
      }
      const kept = readFileSync(join(scene.disk, 'file'), 'utf8') === 'theirs';
      clear(scene);
      return different.length > 0 ? different.join('; ') : kept ? 'the same' : 'overwritten';
    },
  },
  {
    id: 'permission-rename-out',
    class: 'permission',
    target: 'server',
    what: 'rename from where one may write to where one may not, and back',
    expected: DENIED,
    slice: true,
    run: async (scene) => {
      const { file, folder } = furnish(scene);
      return tried(scene, 'boxed', [
        ['rename', { path: file, target: 'kept/mine' }],
        ['rename', { path: folder, target: 'mine' }],
        ['rename', { path: 'kept/precious.txt', target: `${scene.folder}/mine` }],
        ['rename', { path: 'kept', target: `${scene.folder}/mine` }],
        ['rename', { path: file, target: 'kept/secret', ifExists: 3 }],
      ]);
    },
  },
  {
    id: 'permission-remove-with-forbidden',
    class: 'permission',
    target: 'server',
    what: 'remove and rename a folder that has something forbidden in it',
    expected: DENIED,
    run: async (scene) => {
      mkdirSync(join(scene.arena.served, 'mixed/private'), { recursive: true });
      writeFileSync(join(scene.arena.served, 'mixed/private/diary'), 'dear diary');
      const answers = await askAs(scene, 'mixed', [
        ['remove', { path: 'mixed', recursive: true }],
        ['remove', { path: 'mixed/private', recursive: true }],
        ['rename', { path: 'mixed', target: `${scene.folder}/mine` }],
        ['download', { path: 'mixed/private/diary' }],
        ['upload', { path: 'mixed/private/evil' }],
      ]);
      const there = existsSync(join(scene.arena.served, 'mixed/private/diary'));
      rmSync(join(scene.arena.served, 'mixed'), { recursive: true });
      return there ? answers : `${answers}, and the diary is gone`;
    },
  },
  {
    id: 'permission-list-forbidden',
    class: 'permission',
    target: 'server',
    what: 'a recursive listing over a folder that may not be seen: none of its names are in it',
    expected: 'RESULT OK, without them',
    run: async (scene) => {
      mkdirSync(join(scene.arena.served, 'mixed/private'), { recursive: true });
      writeFileSync(join(scene.arena.served, 'mixed/private/diary'), 'dear diary');
      const client = await scene.enter({ user: 'mixed', tls: true });
      const answer = await ask(client, ['list', { recursive: true }]);
      const seen = client.kept.some(({ name, payload }) => name === 'ENTRY' && payload.includes('diary'));
      rmSync(join(scene.arena.served, 'mixed'), { recursive: true });
      return `${answer}, ${seen ? 'with' : 'without'} them`;
    },
  },
  {
    id: 'permission-own-root',
    class: 'permission',
    target: 'server',
    what: 'a user with a root of their own, towards what is beside it',
    expected: 'RESULT NOT_FOUND, RESULT PARENT_NOT_FOUND',
    slice: true,
    run: (scene) =>
      askAs(scene, 'rooted', [
        ['stat', { path: 'kept' }],
        ['download', { path: 'kept/precious.txt' }],
        ['download', { path: 'people/rooted/x' }],
        ['stat', { path: '.filex' }],
        ['upload', { path: 'kept/mine' }],
      ]),
  },
  {
    id: 'permission-own-root-upwards',
    class: 'permission',
    target: 'server',
    what: 'a user with a root of their own, upwards with `..`',
    expected: 'GOAWAY MESSAGE_MALFORMED',
    run: (scene) => askAs(scene, 'rooted', [['download', { path: '../../kept/precious.txt' }]]),
  },
  {
    id: 'permission-nobody',
    class: 'permission',
    target: 'server',
    what: 'a user to whom nothing is allowed',
    expected: DENIED,
    run: async (scene) => {
      const places = furnish(scene);
      return tried(scene, 'nobody', [...looking(places), ...changing(places)]);
    },
  },
  {
    id: 'permission-anonymous',
    class: 'permission',
    target: 'server',
    what: 'anonymous people where they may only read',
    expected: DENIED,
    run: (scene) => tried(scene, undefined, changing(furnish(scene))),
  },
  {
    id: 'permission-removed-meanwhile',
    class: 'permission',
    target: 'server',
    what: 'a user who is removed while uploading: the connection ends, and nothing is stored',
    expected: ['GOAWAY AUTH_FAILED', 'GOAWAY PERMISSION_DENIED'],
    run: async (scene) => {
      const client = await scene.enter({ user: 'leaver', tls: true });
      const stream = client.open('upload', { path: `${scene.folder}/late` });
      client.data(stream, evil);
      await client.alive();
      scene.onEnd(() => scene.arena.writeUsers());
      scene.arena.writeUsers({ leaver: undefined });
      return client.verdict();
    },
  },
  {
    id: 'permission-changed-meanwhile',
    class: 'permission',
    target: 'server',
    what: 'a user who may not write any more when the upload is to be stored: refused at the commit',
    expected: [DENIED, 'GOAWAY AUTH_FAILED', 'GOAWAY PERMISSION_DENIED'],
    run: async (scene) => {
      const user = scene.user('changer');
      const client = await scene.enter({ user: user.name, tls: true });
      const stream = client.open('upload', { path: `${scene.folder}/late` });
      client.data(stream, evil);
      await client.alive();
      scene.onEnd(() => scene.arena.writeUsers());
      scene.arena.writeUsers({ changer: { passcode: user.passcode, preset: 'read' } });
      // Until the server has seen it, which somebody else who is that user can tell.
      for (;;) {
        const probe = await scene.enter({ user: user.name, tls: true });
        const answer = await ask(probe, ['makeDirectory', { path: `${scene.folder}/probe` }]);
        probe.destroy();
        if (answer === DENIED) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      client.end(stream, evil);
      const answer = await client.answer(stream);
      rmSync(join(scene.disk, 'probe'), { recursive: true, force: true });
      return answer;
    },
  },
];

/** The whole of an answer, but for what is new with each: what a user who guesses would look at. */
async function fullAnswer(client: HostileClient, [operation, values]: Question): Promise<string> {
  const stream = client.open(operation, values);
  if (operation === 'upload') client.data(stream, evil).end(stream, evil);
  const answer = await client.answer(stream);
  const result = client.result(stream);
  if (result === undefined) return answer;
  // The path that was asked for is in some words, and differs because what was asked does.
  const fields = ['effect', 'outcome', 'retry'].map((name) => result.number(name));
  const detail = result.text('detail').replaceAll(String(values['path']), 'PATH');
  return `${told(result)} ${fields.join(' ')} ${result.text('path') === '' ? '' : 'renamed'} ${detail}`;
}

export const quota: readonly Attack[] = [
  {
    id: 'quota-race',
    class: 'quota',
    target: 'server',
    what: '40 uploads of 100 KiB at once, over four connections, by a user who may have 1 MiB',
    expected: 'no more than may be',
    run: async (scene) => {
      const clients = await Promise.all(
        Array.from({ length: 4 }, () => scene.enter({ user: 'quota', tls: true })),
      );
      const file = Buffer.alloc(100 * 1024, 1);
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, i) => {
          const client = clients[i % 4] as HostileClient;
          const stream = client.open('upload', { path: `${i}`, size: file.length });
          client.data(stream, file).end(stream, file);
          return client.answer(stream);
        }),
      );
      return judged(scene, answers);
    },
  },
  {
    id: 'quota-unsaid',
    class: 'quota',
    target: 'server',
    what: '40 uploads at once that do not say their size',
    expected: 'no more than may be',
    run: async (scene) => {
      const client = await scene.enter({ user: 'quota', tls: true });
      const file = Buffer.alloc(60 * 1024, 1);
      const streams = Array.from({ length: 40 }, (_, i) => client.open('upload', { path: `${i}` }));
      const half = file.length / 2;
      for (const stream of streams) client.data(stream, file.subarray(0, half));
      await client.alive();
      // Refused streams take no more: what comes for them is dropped.
      for (const stream of streams) client.data(stream, file.subarray(half)).end(stream, file);
      const answers = await Promise.all(streams.map((stream) => client.answer(stream)));
      // Those that fill it together may all be refused; then all of the room is free again.
      if (!answers.includes('RESULT OK')) {
        const stream = client.open('upload', { path: 'after' });
        client.data(stream, file).end(stream, file);
        answers.push(await client.answer(stream));
      }
      return judged(scene, answers);
    },
  },
  {
    id: 'quota-files',
    class: 'quota',
    target: 'server',
    what: '60 empty files and folders by a user who may have 20',
    expected: 'no more than may be',
    run: async (scene) => {
      const client = await scene.enter({ user: 'quota', tls: true });
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, i) => {
          if (i % 2 === 0) return client.answer(client.open('makeDirectory', { path: `d${i}` }));
          const stream = client.open('upload', { path: `${i}` });
          client.end(stream, Buffer.alloc(0));
          return client.answer(stream);
        }),
      );
      return judged(scene, answers);
    },
  },
];

/** What is in the folder of the user with the quota, against what may be; empties it. */
function judged(scene: Scene, answers: readonly string[]): string {
  const root = join(scene.arena.served, 'people/quota');
  const names = readdirSync(root);
  const bytes = names.reduce((sum, name) => {
    const path = join(root, name);
    return sum + (name.startsWith('d') ? 0 : readFileSync(path).length);
  }, 0);
  for (const name of names) rmSync(join(root, name), { recursive: true });
  const stored = answers.filter((answer) => answer === 'RESULT OK').length;
  const others = new Set(answers.filter((answer) => answer !== 'RESULT OK'));
  if (stored !== names.length) return `${stored} said to be stored, ${names.length} are`;
  if (bytes > 1024 * 1024 || names.length > 20) return `${bytes} bytes in ${names.length}`;
  if (stored === 0) return `nothing was stored: ${[...others].join()}`;
  return [...others].join() === 'RESULT NO_SPACE' ? 'no more than may be' : [...others].join();
}
