import type { ConflictPolicy } from '@filex/protocol';
import { numberedName } from '@filex/protocol/node';

interface ModelFile {
  readonly content: string;
  readonly mtime: number;
}

/** What a store is to do, as simply as it can be said: answers are outcomes or codes. */
export class ModelStore {
  /** By path; undefined is a folder. */
  readonly nodes = new Map<string, ModelFile | undefined>();

  #kind(path: string): 'file' | 'directory' | 'nothing' {
    if (path === '') return 'directory';
    if (!this.nodes.has(path)) return 'nothing';
    return this.nodes.get(path) === undefined ? 'directory' : 'file';
  }

  /** What is wrong with the way to a path, if anything. */
  #way(path: string, missing: string): string | undefined {
    const segments = path.split('/').slice(0, -1);
    for (let i = 1; i <= segments.length; i += 1) {
      const kind = this.#kind(segments.slice(0, i).join('/'));
      if (kind === 'nothing') return missing;
      if (kind === 'file') return 'NOT_A_DIRECTORY';
    }
    return undefined;
  }

  upload(path: string, content: string, ifExists: ConflictPolicy, mtime: number): string {
    const fault = this.#way(path, 'PARENT_NOT_FOUND');
    if (fault !== undefined) return fault;
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    const name = path.slice(folder.length);
    for (let number = 0; ; number += 1) {
      const at = folder + (number === 0 ? name : numberedName(name, number));
      const kind = this.#kind(at);
      const old = this.nodes.get(at);
      if (kind === 'nothing') return this.#put(at, { content, mtime }, 'created');
      if (kind === 'directory' && ifExists !== 'rename') return 'IS_A_DIRECTORY';
      if (ifExists === 'overwrite') return this.#put(at, { content, mtime }, 'replaced');
      if (ifExists === 'newer' && old !== undefined)
        return old.mtime < mtime ? this.#put(at, { content, mtime }, 'replaced') : 'ALREADY_EXISTS';
      if (ifExists === 'skip') return 'ALREADY_EXISTS';
      if (old?.content === content) return `identical ${at}`;
      if (ifExists === 'fail') return 'ALREADY_EXISTS';
    }
  }

  #put(path: string, file: ModelFile, outcome: string): string {
    this.nodes.set(path, file);
    return `${outcome} ${path}`;
  }

  makeDirectory(path: string, parents: boolean): string {
    const segments = path.split('/');
    for (let i = 1; i <= segments.length; i += 1) {
      const at = segments.slice(0, i).join('/');
      const isLast = i === segments.length;
      const kind = this.#kind(at);
      if (kind === 'file') return isLast ? 'ALREADY_EXISTS' : 'NOT_A_DIRECTORY';
      if (kind === 'directory' && isLast) return 'identical';
      if (kind === 'nothing' && !isLast && !parents) return 'PARENT_NOT_FOUND';
      if (kind === 'nothing') this.nodes.set(at, undefined);
    }
    return 'created';
  }

  rename(from: string, to: string, ifExists: ConflictPolicy): string {
    if (ifExists === 'newer' || ifExists === 'rename') return 'UNSUPPORTED';
    if (to.startsWith(`${from}/`)) return 'PATH_INVALID';
    const fault = this.#way(from, 'NOT_FOUND') ?? this.#way(to, 'PARENT_NOT_FOUND');
    if (fault !== undefined) return fault;
    const kind = this.#kind(from);
    if (kind === 'nothing') return 'NOT_FOUND';
    if (from === to) return 'identical';
    const taken = this.#kind(to);
    if (taken === 'directory') return 'IS_A_DIRECTORY';
    if (taken === 'file' && (ifExists !== 'overwrite' || kind === 'directory')) return 'ALREADY_EXISTS';
    for (const [path, node] of [...this.nodes]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.nodes.delete(path);
      this.nodes.set(to + path.slice(from.length), node);
    }
    return taken === 'file' ? 'replaced' : 'renamed';
  }

  remove(path: string, recursive: boolean): string {
    const fault = this.#way(path, 'NOT_FOUND');
    if (fault !== undefined) return fault;
    if (this.#kind(path) === 'nothing') return 'NOT_FOUND';
    const below = [...this.nodes.keys()].filter((other) => other.startsWith(`${path}/`));
    if (below.length > 0 && !recursive) return 'NOT_EMPTY';
    for (const gone of [path, ...below]) this.nodes.delete(gone);
    return 'removed';
  }

  stat(path: string): string {
    const fault = this.#way(path, 'NOT_FOUND');
    const kind = this.#kind(path);
    if (fault !== undefined) return fault;
    return kind === 'nothing' ? 'NOT_FOUND' : kind;
  }

  read(path: string): string {
    const kind = this.stat(path);
    if (kind === 'directory') return 'IS_A_DIRECTORY';
    return kind === 'file' ? (this.nodes.get(path)?.content as string) : kind;
  }

  /** Paths below a folder, or a code. */
  list(path: string): string[] | string {
    const kind = this.stat(path);
    if (kind !== 'directory') return kind === 'file' ? 'NOT_A_DIRECTORY' : kind;
    const prefix = path === '' ? '' : `${path}/`;
    return [...this.nodes.keys()]
      .filter((other) => other.startsWith(prefix))
      .map((other) => other.slice(prefix.length))
      .sort();
  }
}
