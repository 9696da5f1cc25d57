/**
 * The first eight bytes each side sends: `FILEX`, then a CRLF and a 0x1a that a line-oriented or text-mangling
 * middlebox would change (the idea of the PNG signature). PROTOCOL.md, "Preface".
 */
export const PREFACE: Uint8Array = Uint8Array.of(0x46, 0x49, 0x4c, 0x45, 0x58, 0x0d, 0x0a, 0x1a);

/** What else people run on a port, recognised by its first bytes. */
export type ForeignProtocol = 'HTTP' | 'TLS' | 'SSH' | 'FTP or SMTP' | 'text' | 'something unknown';

/**
 * How others begin. A TLS record begins with its content type (handshake 22 from a client, alert 21 from a server) and
 * major version 3. None is longer than the preface.
 */
const openings: readonly (readonly [ForeignProtocol, readonly string[]])[] = [
  ['TLS', ['\x16\x03', '\x15\x03']],
  ['SSH', ['SSH-']],
  [
    'HTTP',
    [
      'HTTP/',
      'GET ',
      'HEAD ',
      'POST ',
      'PUT ',
      'DELETE ',
      'OPTIONS ',
      'PATCH ',
      'CONNECT ',
      'TRACE ',
      'PRI ',
    ],
  ],
  // A web server that takes the preface for HTTP/0.9 answers with a page and nothing before it.
  ['HTTP', ['<!DOCTYP', '<!doctyp', '<html']],
  ['FTP or SMTP', ['220 ', '220-']],
];

/**
 * Names the protocol that the first bytes of a peer belong to, once it is clear that they are not the preface.
 * @param bytes the first bytes received, at least one.
 */
export function recognise(bytes: Uint8Array): ForeignProtocol {
  const text = latin1(bytes.subarray(0, PREFACE.length));
  for (const [protocol, beginnings] of openings) {
    if (beginnings.some((beginning) => text.startsWith(beginning))) return protocol;
  }
  return /^[\t\r\n\x20-\x7e]+$/.test(text) ? 'text' : 'something unknown';
}

/** Whether these first bytes may still turn out to be one of the protocols that can be named. */
export function undecided(bytes: Uint8Array): boolean {
  const text = latin1(bytes);
  return openings.some(([, beginnings]) =>
    beginnings.some((beginning) => beginning.length > text.length && beginning.startsWith(text)),
  );
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/**
 * What a server tells a peer that speaks something else, in that peer's own language: an HTTP response, a TLS alert
 * (`protocol_version`, RFC 8446 section 6), a line of text.
 */
export function foreignReply(protocol: ForeignProtocol): Uint8Array {
  switch (protocol) {
    case 'HTTP': {
      const body =
        'This is a FileX server, not a web server. Use: npx filex-client ls filex+tcp://HOST:PORT/\n';
      return ascii(
        `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      );
    }
    case 'TLS':
      return Uint8Array.of(0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46);
    case 'SSH':
    case 'FTP or SMTP':
    case 'text':
      return ascii('This is a FileX server. Use: npx filex-client ls filex+tcp://HOST:PORT/\r\n');
    case 'something unknown':
      return new Uint8Array(0);
  }
}

function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}
