/**
 * Strict UTF-8, both ways. The two platform classes exist in browsers, Node, Deno and Bun alike; they are described here
 * because the core is compiled without the types of any one platform.
 */
interface Decoder {
  decode(bytes: Uint8Array): string;
}
interface Encoder {
  encode(text: string): Uint8Array;
  encodeInto(text: string, into: Uint8Array): { readonly read: number; readonly written: number };
}
const platform = globalThis as unknown as {
  readonly TextDecoder: new (label: string, options: { fatal: boolean; ignoreBOM: boolean }) => Decoder;
  readonly TextEncoder: new () => Encoder;
};

// ignoreBOM keeps a leading U+FEFF: text is carried byte-exact, and a name may begin with one.
const decoder = new platform.TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new platform.TextEncoder();

/** Below this many bytes a loop over ASCII beats the call into the platform. */
const SHORT = 24;
/** The same for writing, in UTF-16 units. */
const SHORT_TEXT = 64;

/** The text, or undefined when the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  if (bytes.length <= SHORT) {
    let text = '';
    let i = 0;
    for (; i < bytes.length; i += 1) {
      const byte = bytes[i] as number;
      if (byte > 0x7f) break;
      text += String.fromCharCode(byte);
    }
    if (i === bytes.length) return text;
  }
  try {
    return decoder.decode(bytes);
  } catch {
    // `fatal` reports bytes that are not UTF-8 by throwing; that is an answer here, not an accident.
    return undefined;
  }
}

/** The bytes, or undefined when the text has half a surrogate pair and so has no UTF-8 form. */
export function encodeUtf8(text: string): Uint8Array | undefined {
  return isWellFormed(text) ? encoder.encode(text) : undefined;
}

/**
 * Writes the UTF-8 form of a text that is well-formed into `into`, from `at` on.
 * @returns where it ends; undefined when it does not fit, and then anything may be there.
 */
export function writeUtf8(text: string, into: Uint8Array, at: number): number | undefined {
  const { length } = text;
  if (length <= SHORT_TEXT && at + length <= into.length) {
    let i = 0;
    for (; i < length; i += 1) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) break;
      into[at + i] = unit;
    }
    if (i === length) return at + length;
  }
  const { read, written } = encoder.encodeInto(text, into.subarray(at));
  return read === length ? at + written : undefined;
}

/** Bytes of the character that begins at `i`: 4 for the two halves of a surrogate pair, 0 for one half alone. */
export function utf8SizeAt(text: string, i: number): number {
  const unit = text.charCodeAt(i);
  if (unit < 0x80) return 1;
  if (unit < 0x800) return 2;
  if (unit < 0xd800 || unit > 0xdfff) return 3;
  const next = text.charCodeAt(i + 1);
  return unit < 0xdc00 && next >= 0xdc00 && next <= 0xdfff ? 4 : 0;
}

/** Whether every surrogate in `text` is one half of a pair. */
export function isWellFormed(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(i + 1);
    if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return false;
    i += 1;
  }
  return true;
}

/** The longest beginning of `text` that has a UTF-8 form of at most `max` bytes; half surrogate pairs become U+FFFD. */
export function clipUtf8(text: string, max: number): string {
  const bytes = encoder.encode(text);
  if (bytes.length <= max && isWellFormed(text)) return text;
  let end = Math.min(max, bytes.length);
  while (end > 0 && end < bytes.length && ((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return decoder.decode(bytes.subarray(0, end));
}
