import { FilexError } from '../errors.js';
import { MAX_PATH_BYTES, MAX_SEGMENT_BYTES } from '../limits.js';
import { utf8SizeAt } from './utf8.js';

/**
 * Paths on the wire: relative, `/`-separated, UTF-8, carried byte-exact: no case folding, no normalisation. The root is
 * the empty path. PROTOCOL.md, "Paths".
 *
 * Counts the bytes of the UTF-8 form without making it: every path is judged several times on its way.
 *
 * @returns why the path is refused, or undefined when it is fine.
 */
export function pathFault(path: string): string | undefined {
  if (path === '') return undefined;
  let fault: string | undefined;
  let bytes = 0;
  /** Where the present part began: in the text, and in bytes. */
  let start = 0;
  let startBytes = 0;
  for (let i = 0; i < path.length; i += 1) {
    const unit = path.charCodeAt(i);
    if (unit === SLASH) {
      fault ??= segmentFault(path, start, i, bytes - startBytes);
      start = i + 1;
      startBytes = bytes + 1;
    } else if (unit === 0) fault ??= 'it contains a NUL';
    const size = utf8SizeAt(path, i);
    if (size === 0) return 'it is not valid Unicode';
    if (size === 4) i += 1;
    bytes += size;
  }
  if (bytes > MAX_PATH_BYTES) return `it is longer than ${MAX_PATH_BYTES} bytes`;
  return fault ?? segmentFault(path, start, path.length, bytes - startBytes);
}

const SLASH = 0x2f;

/** @param bytes of the part from `start` to `end`. */
function segmentFault(path: string, start: number, end: number, bytes: number): string | undefined {
  if (bytes === 0) return start === 0 ? 'it begins with "/"' : 'it has an empty part';
  if (bytes > MAX_SEGMENT_BYTES) return `a part of it is longer than ${MAX_SEGMENT_BYTES} bytes`;
  const dot = 0x2e;
  if (bytes > 2 || path.charCodeAt(start) !== dot) return undefined;
  if (bytes === 1) return 'a part of it is "."';
  return path.charCodeAt(end - 1) === dot ? 'a part of it is ".."' : undefined;
}

/** @throws FilexError `PATH_INVALID` with the reason. */
export function checkPath(path: string): void {
  const fault = pathFault(path);
  if (fault !== undefined) throw new FilexError('PATH_INVALID', `the path is refused: ${fault}`, { path });
}
