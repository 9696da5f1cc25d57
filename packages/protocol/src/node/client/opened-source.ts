import { MAX_WHOLE_FILE } from '../bounds.js';
import type { PieceSource } from '../data-sender.js';
import { FileSource, isExecutable, modificationTime, type ReadFile, readWholeFile } from '../files/index.js';
import { IterableSource, type Readable, SlabSource } from '../pieces.js';
import type { UploadOptions, UploadSource } from '../types.js';
import { workSlices } from '../work-slices.js';

/** A source that can be read more than once. */
export interface Again {
  readonly file: Readable;
  /** The pieces from an offset on. */
  from(offset: number): PieceSource;
}

/** A source made ready: what is known of it, and its pieces. */
export interface OpenedSource {
  /** From the beginning. */
  pieces(): PieceSource;
  /** Whether nothing of it was read. */
  isUntouched(): boolean;
  /** All of it, when that is little and at hand. */
  readonly whole?: Uint8Array | undefined;
  /** Set when it can be read from anywhere. */
  readonly again?: Again | undefined;
  readonly size: number | undefined;
  readonly mtime: number | undefined;
  readonly executable: boolean;
  /** Throws `SOURCE_CHANGED` when what was read may not be one version of the file. */
  verify(): Promise<void>;
  close(): Promise<void>;
}

const nothing = async (): Promise<void> => undefined;

function inMemory(source: Uint8Array): Again {
  return {
    file: {
      read: async (buffer, offset) => {
        const part = source.subarray(offset, offset + buffer.length);
        buffer.set(part);
        return part.length;
      },
    },
    from: (offset) => new IterableSource([source.subarray(offset)]),
  };
}

/**
 * Opens what is to be uploaded.
 * @throws FilexError when it is a file that cannot be read.
 */
export async function openSource(source: UploadSource, options: UploadOptions): Promise<OpenedSource> {
  if (typeof source === 'string' || source instanceof URL) {
    const small = await openSmallFile(source, options);
    if (small !== undefined) return small;
    const file = await FileSource.open(source);
    const from = (offset: number): PieceSource => new SlabSource(file, file.size, offset);
    return {
      pieces: () => from(0),
      isUntouched: () => false,
      again: { file, from },
      size: file.size,
      mtime: options.mtime ?? file.mtime,
      executable: options.executable ?? file.executable,
      verify: () => file.verify(),
      close: () => file.close(),
    };
  }
  const { size, mtime, executable = false } = options;
  if (source instanceof Uint8Array)
    return openBytes(source, { size: size ?? source.length, mtime, executable });
  const pieces = new IterableSource(source);
  return {
    pieces: () => pieces,
    isUntouched: () => pieces.untouched,
    size,
    mtime,
    executable,
    verify: nothing,
    close: () => pieces.close(),
  };
}

function openBytes(
  source: Uint8Array,
  {
    size,
    mtime,
    executable,
  }: { readonly size: number; readonly mtime: number | undefined; readonly executable: boolean },
): OpenedSource {
  const again = inMemory(source);
  return {
    pieces: () => again.from(0),
    isUntouched: () => false,
    whole: source.length <= MAX_WHOLE_FILE && size === source.length ? source : undefined,
    again,
    size,
    mtime,
    executable,
    verify: nothing,
    close: nothing,
  };
}

/** A small file is read at once. From then on it is what was read, whatever becomes of the file. */
async function openSmallFile(path: string | URL, options: UploadOptions): Promise<OpenedSource | undefined> {
  if (workSlices.resting) return undefined;
  const file = await readInTurn(path);
  if (file === undefined) return undefined;
  const { bytes, stats } = file;
  const { mtime = modificationTime(stats), executable = isExecutable(stats) } = options;
  return openBytes(bytes, { size: bytes.length, mtime, executable });
}

function readInTurn(path: string | URL): Promise<ReadFile | undefined> {
  return new Promise((resolve) => {
    workSlices.run(() => resolve(readWholeFile(path, MAX_WHOLE_FILE, { followSymlink: true })));
  });
}
