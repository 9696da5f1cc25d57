/** The two platform functions exist in browsers, Node, Deno and Bun alike; the core is compiled without their types. */
const platform = globalThis as unknown as {
  btoa(latin1: string): string;
  atob(base64: string): string;
};

/** RFC 4648, section 4, with padding. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return platform.btoa(text);
}

/** The reverse, of text that is in the alphabet and padded. */
export function fromBase64(text: string): Uint8Array {
  const latin1 = platform.atob(text);
  return Uint8Array.from({ length: latin1.length }, (_byte, i) => latin1.charCodeAt(i));
}
