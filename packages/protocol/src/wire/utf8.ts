/**
 * Strict UTF-8, both ways. The two platform classes exist in browsers, Node, Deno and Bun alike; they are described here
 * because the core is compiled without the types of any one platform.
 */
interface Decoder {
  decode(bytes: Uint8Array): string;
}
interface Encoder {
  encode(text: string): Uint8Array;
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
