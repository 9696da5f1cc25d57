import { MAX_SEGMENT_BYTES } from '../../limits.js';

/** An extension longer than this is taken for a part of the name. */
const MAX_EXTENSION_BYTES = 32;

/**
 * The `number`th other name for a file whose name is taken: `photo.jpg` gives `photo (1).jpg`. A dot at the start makes
 * a hidden file, not an extension. The front part gives way where the whole would be too long for a name.
 */
export function numberedName(name: string, number: number): string {
  const dot = name.lastIndexOf('.');
  const isExtension = dot > 0 && Buffer.byteLength(name.slice(dot)) <= MAX_EXTENSION_BYTES;
  const stem = isExtension ? name.slice(0, dot) : name;
  const rest = ` (${number})${isExtension ? name.slice(dot) : ''}`;
  return cutToBytes(stem, MAX_SEGMENT_BYTES - Buffer.byteLength(rest)) + rest;
}

/** The longest front part of a text that has at most `max` bytes of UTF-8 and ends between two characters. */
function cutToBytes(text: string, max: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= max) return text;
  let end = max;
  while (((bytes[end] as number) & 0xc0) === 0x80) end -= 1; // 10xxxxxx continues a character
  return bytes.toString('utf8', 0, end);
}
