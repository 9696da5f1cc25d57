/** A file or folder, whatever names it has: counts from 0, the recorded folder itself. */
export type Inode = number;

/** One change of the disk, or what makes changes safe. In the order in which they were done, as far as the caller was told. */
export type DiskChange =
  | {
      readonly op: 'create';
      readonly in: Inode;
      readonly name: string;
      readonly inode: Inode;
      readonly kind: 'file' | 'folder';
      readonly mode: number;
    }
  | { readonly op: 'link'; readonly in: Inode; readonly name: string; readonly inode: Inode }
  | { readonly op: 'remove'; readonly in: Inode; readonly name: string; readonly inode: Inode }
  | {
      readonly op: 'rename';
      readonly in: Inode;
      readonly name: string;
      readonly to: Inode;
      readonly newName: string;
      readonly inode: Inode;
    }
  | { readonly op: 'write'; readonly inode: Inode; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly op: 'truncate'; readonly inode: Inode; readonly length: number }
  | { readonly op: 'mode'; readonly inode: Inode; readonly mode: number }
  | { readonly op: 'times'; readonly inode: Inode; readonly mtime: number };

/** What makes what was done before it safe: of a file its bytes (and, but for `data`, the rest), of a folder its names. */
export interface Flush {
  readonly op: 'flush';
  readonly inode: Inode;
  readonly data: boolean;
  /** How long the log was when it was asked for: what was not done by then it may have missed. */
  readonly asked: number;
}

/** What the test has said, such as that a result was told. */
export interface Mark<M> {
  readonly op: 'mark';
  readonly mark: M;
}

/** `M`: what marks say. */
export type DiskLog<M> = readonly (DiskChange | Flush | Mark<M>)[];
