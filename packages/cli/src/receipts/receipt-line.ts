import { formatUrl, parseUrl } from '@filex/protocol';
import { type VerifiedReceipt, verifyReceipt } from '@filex/protocol/node';
import { serverName } from '../access/server-name.js';
import { isoTime } from '../ui/amounts.js';

type Statement = Exclude<VerifiedReceipt['statement'], undefined>;

/** One line of a file of receipts. What counts is `receipt`; the rest says the same to people, and where it came from. */
export interface ReceiptLine {
  /** The version of the format. */
  readonly v: 1;
  /** The address of the server, as it was used: without user, path and key. */
  readonly server: string;
  /** The name of the file on this machine, below what was named on the command line; undefined for standard input. */
  readonly file?: string | undefined;
  readonly principal: string;
  /** On the server. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** `algorithm:hexadecimal`, the tree digest. */
  readonly digest: string;
  /** Of the commit, by the clock of the server. */
  readonly time: string;
  readonly operationId: string;
  /** `sha256:…` of the key that has signed. */
  readonly key: string;
  /** The receipt, base64. */
  readonly receipt: string;
}

/** A receipt as somebody has it, taken apart and with a signature that is right; whose it is remains to be seen. */
export interface ReadReceipt {
  readonly line: ReceiptLine;
  readonly statement: Statement;
  /** What the server is called in `known_hosts`. */
  readonly serverName: string;
}

/** The address of a server as lines have it. */
export function serverAddress({ scheme, host, port }: ReturnType<typeof parseUrl>): string {
  return formatUrl({ scheme, host, port, path: '', trailingSlash: false });
}

/**
 * A line for a receipt that a server has given, without its end.
 * @returns undefined when the receipt is not one.
 */
export function writeReceiptLine(
  receipt: Uint8Array,
  where: Pick<ReceiptLine, 'server' | 'file'>,
): { readonly text: string; readonly read: ReadReceipt } | { readonly fault: string } {
  const verified = verifyReceipt(receipt);
  if (verified.statement === undefined) return { fault: verified.fault };
  const line: ReceiptLine = {
    v: 1,
    ...where,
    ...shown(verified),
    receipt: Buffer.from(receipt).toString('base64'),
  };
  const read = { line, statement: verified.statement, serverName: serverName(parseUrl(where.server)) };
  return { text: visibly(JSON.stringify(line)), read };
}

/** Reads a line. What it says to people must be what the receipt says. */
export function readReceiptLine(text: string): ReadReceipt | { readonly fault: string } {
  const line = parsed(text);
  if (line === undefined) return { fault: 'it is no line of a file of receipts' };
  const bytes = Buffer.from(line.receipt, 'base64');
  // There is more than one way to write bytes in base64, and only one counts.
  if (bytes.toString('base64') !== line.receipt) return { fault: 'what should be the receipt is not base64' };
  const verified = verifyReceipt(bytes);
  if (verified.statement === undefined) return { fault: verified.fault };
  for (const [name, value] of Object.entries(shown(verified))) {
    if (line[name as keyof ReceiptLine] !== value)
      return { fault: `"${name}" beside the receipt is not what the receipt says` };
  }
  const name = nameOf(line.server);
  if (name === undefined) return { fault: '"server" is not the address of one' };
  return { line, statement: verified.statement, serverName: name };
}

function shown({ statement, fingerprint }: Extract<VerifiedReceipt, { statement: Statement }>) {
  const { principal, path, size, algorithm, digest, time, operationId } = statement;
  return {
    principal,
    path,
    size,
    digest: `${algorithm}:${Buffer.from(digest).toString('hex')}`,
    time: isoTime(time),
    operationId: Buffer.from(operationId).toString('hex'),
    key: fingerprint,
  };
}

const known: ReadonlySet<string> = new Set<keyof ReceiptLine>([
  'v',
  'server',
  'file',
  'principal',
  'path',
  'size',
  'digest',
  'time',
  'operationId',
  'key',
  'receipt',
]);

function parsed(text: string): ReceiptLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // as the caller says
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { v, server, file, receipt } = value as Record<string, unknown>;
  const isLine =
    v === 1 &&
    typeof server === 'string' &&
    (file === undefined || typeof file === 'string') &&
    typeof receipt === 'string' &&
    Object.keys(value).every((name) => known.has(name));
  return isLine ? (value as ReceiptLine) : undefined;
}

function nameOf(server: string): string | undefined {
  try {
    const url = parseUrl(server);
    return serverAddress(url) === server ? serverName(url) : undefined;
  } catch {
    return undefined; // as the caller says
  }
}

/** DEL and C1, which JSON leaves as they are, and some terminals obey. */
function visibly(json: string): string {
  return json.replace(/[\x7f-\x9f]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}
