import { decodeUtf8 } from '../wire/utf8.js';
import { fromBase64, toBase64 } from './base64.js';

/**
 * The four messages of SCRAM (RFC 5802, section 7), read strictly: one order, one spelling, nothing to spare. An
 * attribute that FileX adds, `t`, is an extension in the sense of that grammar: the digest of both HELLOs, so that
 * whoever changed one of them breaks the proof. PROTOCOL.md, "SCRAM".
 */

/** Which channel binding the client uses (RFC 5802, section 6): none, none though it could, or that of the TLS session. */
export type ChannelBinding = 'n' | 'y' | 'tls-exporter';

export interface ClientFirst {
  readonly binding: ChannelBinding;
  readonly user: string;
  readonly nonce: string;
  /** As it was sent; both are part of what is proven. */
  readonly header: string;
  readonly bare: string;
}

export interface ServerFirst {
  /** The client's nonce with the server's behind it. */
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

export interface ClientFinal {
  /** The header of the first message, and what binds the channel. */
  readonly binding: Uint8Array;
  readonly nonce: string;
  readonly transcript: Uint8Array | undefined;
  readonly proof: Uint8Array;
  /** The message without the proof. */
  readonly bare: string;
}

/** The message does not follow the grammar; the peer is told no more than that authentication failed. */
export class ScramFault extends Error {
  override readonly name = 'ScramFault';
}

const NONCE = '[\\x21-\\x2b\\x2d-\\x7e]+';
const BASE64 = '(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?';
const NAME = '(?:[^\\0,=]|=2C|=3D)+';

const clientFirst = new RegExp(
  `^(?<header>(?:(?<none>[ny])|p=(?<bound>[A-Za-z0-9.-]+)),,)(?<bare>n=(?<user>${NAME}),r=(?<nonce>${NONCE}))$`,
  's',
);
const serverFirst = new RegExp(
  `^r=(?<nonce>${NONCE}),s=(?<salt>${BASE64}),i=(?<iterations>[1-9][0-9]{0,8})$`,
);
const clientFinal = new RegExp(
  `^(?<bare>c=(?<binding>${BASE64}),r=(?<nonce>${NONCE})(?:,t=(?<transcript>${BASE64}))?),p=(?<proof>${BASE64})$`,
);
const serverFinal = new RegExp(`^v=(?<signature>${BASE64})$`);

export function readClientFirst(bytes: Uint8Array): ClientFirst {
  const { header, none, bound, bare, user, nonce } = match(clientFirst, bytes, 'first message of the client');
  if (bound !== undefined && bound !== 'tls-exporter')
    throw new ScramFault(`the channel binding "${bound}" is not known`);
  return {
    binding: (none ?? 'tls-exporter') as ChannelBinding,
    user: (user as string).replaceAll('=2C', ',').replaceAll('=3D', '='),
    nonce: nonce as string,
    header: header as string,
    bare: bare as string,
  };
}

export function writeClientFirst(
  binding: ChannelBinding,
  user: string,
  nonce: string,
): { header: string; bare: string } {
  const header = binding === 'tls-exporter' ? 'p=tls-exporter,,' : `${binding},,`;
  return { header, bare: `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}` };
}

export function readServerFirst(bytes: Uint8Array): ServerFirst {
  const { nonce, salt, iterations } = match(serverFirst, bytes, 'first message of the server');
  return { nonce: nonce as string, salt: fromBase64(salt as string), iterations: Number(iterations) };
}

export function writeServerFirst({ nonce, salt, iterations }: ServerFirst): string {
  return `r=${nonce},s=${toBase64(salt)},i=${iterations}`;
}

export function readClientFinal(bytes: Uint8Array): ClientFinal {
  const { bare, binding, nonce, transcript, proof } = match(clientFinal, bytes, 'last message of the client');
  return {
    binding: fromBase64(binding as string),
    nonce: nonce as string,
    transcript: transcript === undefined ? undefined : fromBase64(transcript),
    proof: fromBase64(proof as string),
    bare: bare as string,
  };
}

/** The client's last message without its proof. */
export function writeClientFinal(
  binding: Uint8Array,
  nonce: string,
  transcript: Uint8Array | undefined,
): string {
  const bound = `c=${toBase64(binding)},r=${nonce}`;
  return transcript === undefined ? bound : `${bound},t=${toBase64(transcript)}`;
}

/** @returns the signature that only who knows the verifier can make. */
export function readServerFinal(bytes: Uint8Array): Uint8Array {
  return fromBase64(match(serverFinal, bytes, 'last message of the server')['signature'] as string);
}

function match(pattern: RegExp, bytes: Uint8Array, what: string): Record<string, string | undefined> {
  const text = decodeUtf8(bytes);
  const groups = text === undefined ? undefined : pattern.exec(text)?.groups;
  if (groups === undefined) throw new ScramFault(`the ${what} is not one of SCRAM`);
  return groups;
}
