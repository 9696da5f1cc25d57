import { FilexError } from '../errors.js';
import { MAX_PATH_BYTES, MAX_SEGMENT_BYTES } from '../limits.js';
import { encodeUtf8 } from './utf8.js';

/**
 * Paths on the wire: relative, `/`-separated, UTF-8, carried byte-exact: no case folding, no normalisation. The root is
 * the empty path. PROTOCOL.md, "Paths".
 *
 * @returns why the path is refused, or undefined when it is fine.
 */
export function pathFault(path: string): string | undefined {
  if (path === '') return undefined;
  const bytes = encodeUtf8(path);
  if (bytes === undefined) return 'it is not valid Unicode';
  if (bytes.length > MAX_PATH_BYTES) return `it is longer than ${MAX_PATH_BYTES} bytes`;
  let start = 0;
  for (let i = 0; i <= bytes.length; i += 1) {
    const byte = bytes[i];
    if (byte === 0) return 'it contains a NUL';
    if (byte !== undefined && byte !== 0x2f) continue;
    const fault = segmentFault(bytes, start, i);
    if (fault !== undefined) return fault;
    start = i + 1;
  }
  return undefined;
}

function segmentFault(bytes: Uint8Array, start: number, end: number): string | undefined {
  const length = end - start;
  if (length === 0) return start === 0 ? 'it begins with "/"' : 'it has an empty part';
  if (length > MAX_SEGMENT_BYTES) return `a part of it is longer than ${MAX_SEGMENT_BYTES} bytes`;
  const dot = 0x2e;
  if (length === 1 && bytes[start] === dot) return 'a part of it is "."';
  if (length === 2 && bytes[start] === dot && bytes[start + 1] === dot) return 'a part of it is ".."';
  return undefined;
}

/** @throws FilexError `PATH_INVALID` with the reason. */
export function checkPath(path: string): void {
  const fault = pathFault(path);
  if (fault !== undefined) throw new FilexError('PATH_INVALID', `the path is refused: ${fault}`, { path });
}
