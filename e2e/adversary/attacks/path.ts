import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack } from '../harness/attack.js';
import type { Scene } from '../harness/scene.js';
import type { OperationName, Values } from '../harness/wire.js';

/** Asks one thing, an upload with its bytes and its end, and tells the answer. */
async function ask(scene: Scene, operation: OperationName, values: Values): Promise<string> {
  const client = await scene.enter();
  const stream = client.open(operation, values);
  if (operation === 'upload') {
    const evil = Buffer.from('evil');
    client.data(stream, evil).end(stream, evil);
  }
  return client.answer(stream);
}

/** Several questions, one connection each: the answers that differ, in order. */
async function askAll(
  scene: Scene,
  questions: readonly (readonly [OperationName, Values])[],
): Promise<string> {
  const answers = new Set<string>();
  for (const [operation, values] of questions) answers.add(await ask(scene, operation, values));
  return [...answers].join(', ');
}

const everyOperation = (path: string | Buffer): readonly (readonly [OperationName, Values])[] => [
  ['stat', { path }],
  ['download', { path }],
  ['list', { path }],
  ['upload', { path, ifExists: 3 }],
  ['makeDirectory', { path }],
  ['remove', { path, recursive: true }],
  ['rename', { path, target: 'play/taken' }],
  ['rename', { path: 'kept/secret', target: path, ifExists: 3 }],
];

const refused = 'GOAWAY MESSAGE_MALFORMED';

/** Paths that no honest client sends, tried with every operation that takes one. */
const malformed: readonly (readonly [id: string, what: string, path: string, slice?: true])[] = [
  ['upwards', '`..`, to what is beside the served folder', '../outside/precious.txt', true],
  ['upwards-inside', '`..` in the middle', 'kept/../../outside/precious.txt'],
  ['absolute', 'an absolute path', '/etc/passwd', true],
  ['dot', 'a `.`', './kept/precious.txt'],
  ['empty-segment', 'an empty segment', 'kept//precious.txt'],
  ['nul', 'a NUL, where C ends a name', 'kept/precious.txt\0.jpg', true],
  ['slash-at-end', 'a slash at the end', 'kept/'],
  ['long-name', 'a name of 256 bytes', 'n'.repeat(256)],
  ['long-path', 'a path of 4097 bytes', `${'d/'.repeat(2048)}x`],
];

const paths: readonly Attack[] = malformed.map(([id, what, path, slice]) => ({
  id: `path-${id}`,
  class: 'path',
  target: 'server',
  what: `${what}, with every operation`,
  expected: refused,
  ...(slice === undefined ? {} : { slice }),
  run: (scene) => askAll(scene, everyOperation(path)),
}));

export const path: readonly Attack[] = [
  ...paths,
  {
    id: 'path-backslash',
    class: 'path',
    target: 'server',
    what: '`..\\outside`, which is a name and not a way here',
    expected: 'RESULT NOT_FOUND, RESULT NOT_A_DIRECTORY',
    run: (scene) =>
      askAll(scene, [
        ['stat', { path: '..\\outside\\precious.txt' }],
        ['download', { path: '..\\outside\\precious.txt' }],
        ['remove', { path: '..\\outside', recursive: true }],
        ['stat', { path: 'kept/precious.txt/..\\..\\outside' }],
      ]),
  },
  {
    id: 'path-reserved-read',
    class: 'path',
    target: 'server',
    what: "`.filex`, the server's own folder: to look at, list or fetch",
    expected: 'RESULT NOT_FOUND',
    slice: true,
    run: (scene) =>
      askAll(scene, [
        ['stat', { path: '.filex' }],
        ['list', { path: '.filex', recursive: true }],
        ['download', { path: '.filex/staging' }],
        ['remove', { path: '.filex', recursive: true }],
        ['rename', { path: '.filex', target: 'play/taken' }],
      ]),
  },
  {
    id: 'path-reserved-write',
    class: 'path',
    target: 'server',
    what: '`.filex`, to store something in it or to put something in its place',
    expected: 'RESULT PATH_INVALID',
    run: (scene) =>
      askAll(scene, [
        ['upload', { path: '.filex/staging/evil', ifExists: 3 }],
        ['upload', { path: '.filex', ifExists: 3 }],
        ['makeDirectory', { path: '.filex/evil', parents: true }],
        ['rename', { path: 'kept/precious.txt', target: '.filex/evil', ifExists: 3 }],
      ]),
  },
  {
    id: 'path-deep',
    class: 'path',
    target: 'server',
    what: 'a folder 1500 deep, made in one request',
    expected: 'RESULT PATH_INVALID',
    run: (scene) =>
      ask(scene, 'makeDirectory', { path: `${scene.folder}${'/d'.repeat(1500)}`, parents: true }),
  },
  {
    id: 'path-symlink',
    class: 'path',
    target: 'server',
    what: 'through a symlink in the served folder that leads out of it, with every operation',
    expected: 'RESULT NOT_A_DIRECTORY',
    slice: true,
    run: async (scene) => {
      const link = join(scene.disk, 'out');
      symlinkSync(join(scene.arena.base, 'outside'), link);
      const through = `${scene.folder}/out/precious.txt`;
      const answer = await askAll(scene, [
        ['stat', { path: through }],
        ['download', { path: through }],
        ['list', { path: `${scene.folder}/out` }],
        ['upload', { path: `${scene.folder}/out/evil` }],
        ['makeDirectory', { path: `${scene.folder}/out/evil`, parents: true }],
        ['remove', { path: through }],
        ['rename', { path: through, target: `${scene.folder}/mine` }],
        ['rename', { path: 'kept/secret', target: `${scene.folder}/out/evil` }],
      ]);
      rmSync(link);
      return answer;
    },
  },
  {
    id: 'path-symlink-itself',
    class: 'path',
    target: 'server',
    what: 'a symlink to a file outside: to fetch it, or to overwrite what it leads to',
    expected: 'RESULT NOT_A_FILE',
    run: async (scene) => {
      const link = join(scene.disk, 'out');
      symlinkSync(join(scene.arena.base, 'outside/precious.txt'), link);
      const answer = await askAll(scene, [
        ['download', { path: `${scene.folder}/out` }],
        ['upload', { path: `${scene.folder}/out`, ifExists: 3 }],
      ]);
      rmSync(link);
      return answer;
    },
  },
  {
    id: 'path-symlink-recursive-remove',
    class: 'path',
    target: 'server',
    what: 'a recursive removal of a folder with a symlink out of it: the link goes, what it leads to stays',
    expected: 'RESULT OK',
    run: async (scene) => {
      mkdirSync(join(scene.disk, 'tree'));
      symlinkSync(join(scene.arena.base, 'outside'), join(scene.disk, 'tree/out'));
      return ask(scene, 'remove', { path: `${scene.folder}/tree`, recursive: true });
    },
  },
  {
    id: 'path-fifo',
    class: 'path',
    target: 'server',
    what: 'a named pipe that nobody writes to, fetched: must not wait for ever',
    expected: 'RESULT NOT_A_FILE',
    run: async (scene) => {
      const pipe = join(scene.disk, 'pipe');
      spawnSync('mkfifo', [pipe]);
      const answer = await ask(scene, 'download', { path: `${scene.folder}/pipe` });
      rmSync(pipe);
      return answer;
    },
  },
  {
    id: 'path-root',
    class: 'path',
    target: 'server',
    what: 'the root: to remove it, rename it, store under it',
    expected: 'RESULT PERMISSION_DENIED',
    run: (scene) =>
      askAll(scene, [
        ['remove', { recursive: true }],
        ['rename', { target: 'play/root' }],
        ['rename', { path: 'kept/secret', ifExists: 3 }],
        ['upload', { ifExists: 3 }],
      ]),
  },
  {
    id: 'path-into-itself',
    class: 'path',
    target: 'server',
    what: 'a folder moved into itself',
    expected: 'RESULT PATH_INVALID',
    run: (scene) => ask(scene, 'rename', { path: 'kept', target: 'kept/deep/kept' }),
  },
  {
    id: 'path-case',
    class: 'path',
    target: 'server',
    what: 'other spellings of `.filex`: none leads there, and each is a name like any other',
    expected: 'RESULT NOT_FOUND',
    run: async (scene) => {
      writeFileSync(join(scene.disk, 'a'), 'a');
      const answer = await askAll(
        scene,
        ['.FILEX', '.filex ', '.filex.', '.fi\u200blex', '.ﬁlex', 'FILEX~1'].map((name) => [
          'stat',
          { path: `${name}/staging` },
        ]),
      );
      rmSync(join(scene.disk, 'a'));
      return answer;
    },
  },
];
