import { FilexError } from '@filex/protocol';
import { numberedName } from '@filex/protocol/node';
import type { Store } from '../../store.js';
import { attemptUpload, keyOf, type UploadTask } from './upload-task.js';
import type { Task, Word } from './workload.js';

/** What clients of a workload know at some moment. */
export interface Knowledge {
  readonly tasks: readonly Task[];
  /** All that was said until then, in order. */
  readonly words: readonly Word[];
}

/** What is wrong with a store after a crash, in words; nothing when all is well. */
export type Violations = string[];

/**
 * Judges what a store that has recovered shows: what was acknowledged is there, byte for byte, and nothing else than whole files
 * that somebody has uploaded under that name.
 */
export async function judge(store: Store, knowledge: Knowledge): Promise<Violations> {
  const violations: Violations = [];
  const visible = new Map<string, Uint8Array | undefined>();
  for await (const { path, kind } of store.list('', { recursive: true }))
    visible.set(path, kind === 'file' ? await contentOf(store, path) : undefined);
  const { required, allowed, gone } = expected(knowledge);
  for (const [path, { or, why }] of required) {
    const names = or === undefined ? [path] : [path, or];
    if (!names.some((name) => visible.has(name))) violations.push(`${names.join(' or ')} is missing: ${why}`);
  }
  for (const [path, content] of visible) {
    if (gone.has(path)) violations.push(`${path} is there again: ${gone.get(path)}`);
    if (content === undefined) continue;
    const contents = allowed(path);
    if (!contents.some((one) => Buffer.compare(one, content) === 0))
      violations.push(
        `${path} has ${content.length} bytes that are none of ${contents.map((c) => c.length)}`,
      );
  }
  return violations;
}

/** Does again what was begun and not acknowledged, with the same operation ids, until it is. */
export async function retryAll(store: Store, { tasks, words }: Knowledge): Promise<Violations> {
  const violations: Violations = [];
  const ended = new Set(words.filter(({ word }) => word !== 'begun').map(({ task }) => task));
  for (const { task: number } of words.filter(({ word, task }) => word === 'begun' && !ended.has(task))) {
    const task = tasks[number] as Task;
    if (task.do !== 'upload') continue;
    try {
      const { path } = await attemptUpload(store, { ...task, cutAfter: 0 });
      const content = await contentOf(store, path);
      if (Buffer.compare(content, task.content) !== 0)
        violations.push(`${task.path} (${task.ifExists}) was done again, and ${path} is another file`);
    } catch (error) {
      // Somebody else has the name.
      if (error instanceof FilexError && error.code === 'ALREADY_EXISTS' && isRefusing(task)) continue;
      violations.push(`${task.path} (${task.ifExists}) cannot be done again: ${String(error)}`);
    }
  }
  return violations;
}

/** Whether the store remembers what was committed, for clients that have lost the answer. */
export async function judgeMemory(store: Store, { tasks, words }: Knowledge): Promise<Violations> {
  const violations: Violations = [];
  for (const word of words) {
    const task = tasks[word.task] as Task;
    if (word.word !== 'done' || task.do !== 'upload') continue;
    const kept = await store.recall(keyOf(task));
    const known = kept?.committed?.outcome.path;
    if (known !== word.path)
      violations.push(
        `${task.path} (${task.ifExists}) was acknowledged as ${word.path}, and is remembered as ${known}`,
      );
  }
  return violations;
}

function isRefusing({ ifExists }: UploadTask): boolean {
  return ifExists === 'fail' || ifExists === 'skip' || ifExists === 'newer';
}

interface Expected {
  /** Paths that must be there, or the other one, and why. */
  readonly required: ReadonlyMap<string, { readonly or: string | undefined; readonly why: string }>;
  /** Paths that must not be there, and why. */
  readonly gone: ReadonlyMap<string, string>;
  /** The contents that a file may have. */
  allowed(path: string): readonly Uint8Array[];
}

function expected({ tasks, words }: Knowledge): Expected {
  const required = new Map<string, { readonly or: string | undefined; readonly why: string }>();
  const gone = new Map<string, string>();
  const begun = new Map<number, number>();
  const done = new Map<number, { readonly at: number; readonly path: string }>();
  for (const [at, word] of words.entries()) {
    const task = tasks[word.task] as Task;
    if (word.word === 'begun') {
      begun.set(word.task, at);
      // From now on either may be true.
      if (task.do === 'remove') required.delete(task.path);
      const moved = task.do === 'rename' ? required.get(task.path) : undefined;
      if (task.do === 'rename' && moved !== undefined)
        required.set(task.path, { or: task.target, why: moved.why });
      continue;
    }
    if (word.word === 'refused') continue;
    done.set(word.task, { at, path: word.path });
    if (task.do === 'rename' || task.do === 'remove') {
      required.delete(task.path);
      gone.set(task.path, `${task.do} was acknowledged`);
    }
    if (task.do !== 'remove') required.set(word.path, { or: undefined, why: `${task.do} was acknowledged` });
  }
  return { required, gone, allowed };

  function allowed(path: string): Uint8Array[] {
    const contents: Uint8Array[] = [];
    for (const number of begun.keys()) {
      const task = tasks[number] as Task;
      if (task.do === 'rename' && task.target === path) contents.push(...allowed(task.path));
      if (task.do !== 'upload' || !mayBe(task, path)) continue;
      const end = done.get(number);
      if (end !== undefined && end.path !== path) continue;
      // Another one that began after this had ended has the name since.
      const replaced = [...done].some(
        ([other, { path: where }]) =>
          where === path && end !== undefined && (begun.get(other) as number) > end.at,
      );
      if (!replaced) contents.push(task.content);
    }
    return contents;
  }
}

/** Names that are tried under the policy `rename`, in these tests. */
const MOST_NAMES = 10;

function mayBe(task: UploadTask, path: string): boolean {
  if (task.path === path) return true;
  if (task.ifExists !== 'rename') return false;
  const slash = task.path.lastIndexOf('/') + 1;
  const [folder, name] = [task.path.slice(0, slash), task.path.slice(slash)];
  return Array.from({ length: MOST_NAMES }, (_, i) => folder + numberedName(name, i + 1)).includes(path);
}

async function contentOf(store: Store, path: string): Promise<Uint8Array> {
  const file = await store.open(path, { ifMatch: undefined });
  try {
    const buffer = new Uint8Array(file.entry.size);
    for (let offset = 0; offset < buffer.length; ) {
      const count = await file.read(buffer.subarray(offset), offset);
      if (count === 0) throw new Error(`${path} ended at ${offset} of ${buffer.length}`);
      offset += count;
    }
    await file.verify();
    return buffer;
  } finally {
    await file.close();
  }
}
