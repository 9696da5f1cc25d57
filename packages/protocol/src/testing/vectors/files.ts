import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Code } from '../../codes.js';
import type { ConnectionState } from '../../machine/connection.js';
import type { DigestAlgorithm } from '../../vocabulary.js';
import type { MessageName } from '../../wire/frame.js';

/** Hex, or a list of hex and of bytes that are repeated. */
export type Bytes = string | readonly (string | { readonly repeat: string; readonly times: number })[];

/** What every vector has. */
export interface Vector {
  readonly name: string;
  readonly description: string;
  /** Ids of rules of PROTOCOL.md. */
  readonly rules: readonly string[];
}

export interface FrameVector extends Vector {
  readonly maxDataPayload?: number;
  readonly bytes: Bytes;
  readonly frames: readonly { readonly type: string; readonly stream: number; readonly payload: Bytes }[];
  readonly complete?: boolean;
  readonly fault?: Code;
  readonly by?: number;
}

export interface PrefaceVector extends Vector {
  readonly bytes: string;
  readonly preface: 'whole' | 'incomplete' | 'foreign';
  readonly by?: number;
  readonly takenFor?: string;
  readonly answerBegins?: string;
}

export interface MessageVector extends Vector {
  readonly message: MessageName;
  readonly payload: Bytes;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly canonical?: Bytes;
  readonly error?: Code;
}

export interface PathVector extends Vector {
  readonly bytes: Bytes;
  readonly segments?: number;
  readonly error?: Code;
}

export interface TextVector extends Vector {
  readonly bytes: string;
  readonly codePoints?: readonly number[];
  readonly error?: Code;
}

export interface DigestVector extends Vector {
  readonly algorithm: DigestAlgorithm;
  readonly content: { readonly start: number; readonly length: number };
  readonly leaves: readonly string[];
  readonly root: string;
  readonly prefixes: readonly { readonly length: number; readonly digest: string }[];
  readonly wrong: readonly { readonly why: string; readonly digest: string }[];
}

export interface UrlVector extends Vector {
  readonly url: string;
  readonly parts?: Readonly<Record<string, unknown>>;
  readonly error?: Code;
}

export interface MachineVector extends Vector {
  readonly machine: string;
  readonly state: string;
  readonly initial: boolean;
  readonly next: Readonly<Record<string, string | null>>;
}

export interface CodeVector extends Vector {
  readonly number: number;
  readonly code: Code;
  readonly retry?: boolean;
}

/** What an end offers. */
interface OfferNotation {
  readonly digests: readonly DigestAlgorithm[];
  readonly capabilities: readonly number[];
  readonly maxDataPayload: number;
  readonly maxStreams: number;
  readonly streamWindow: number;
  readonly connectionWindow: number;
  readonly mechanisms: readonly string[];
  readonly nonce: string;
}

/** An event or an action, by name. */
export type Named<K extends string> = { readonly [key in K]: string } & Readonly<Record<string, unknown>>;

export interface Step {
  readonly receive?: Bytes;
  readonly do?: Named<'action'>;
  readonly wait?: number;
  readonly hold?: boolean;
  readonly events?: readonly Named<'event'>[];
  readonly send?: Bytes;
  readonly maySend?: Readonly<Record<string, number>>;
  readonly granted?: Readonly<Record<string, number>>;
  readonly grantedAtMost?: Readonly<Record<string, number>>;
  readonly state: ConnectionState;
  readonly streams?: Readonly<Record<string, string>>;
}

export interface Beginning {
  readonly reader: 'client' | 'server';
  readonly offer: OfferNotation;
  readonly steps: readonly Step[];
}

export interface TranscriptVector extends Vector, Partial<Beginning> {
  readonly after?: string;
  readonly limit?: string;
  readonly steps: readonly Step[];
}

export interface LimitVector extends Vector {
  readonly limit: string;
  readonly floor: number;
  readonly standard: number;
  readonly cap: number;
  readonly unit: string;
  readonly beyond: readonly number[];
}

interface VectorFile<V> {
  readonly format: number;
  readonly preludes?: Readonly<Record<string, Beginning & { readonly description: string }>>;
  readonly vectors: readonly V[];
}

const folder = fileURLToPath(new URL('../../../vectors/', import.meta.url));

function load<V extends Vector>(name: string): VectorFile<V> {
  return JSON.parse(readFileSync(`${folder}${name}`, 'utf8')) as VectorFile<V>;
}

export const vectorFiles = {
  'codes.json': load<CodeVector>('codes.json'),
  'digests.json': load<DigestVector>('digests.json'),
  'frames.json': load<FrameVector>('frames.json'),
  'handshakes.json': load<TranscriptVector>('handshakes.json'),
  'limits.json': load<LimitVector | TranscriptVector>('limits.json'),
  'machines.json': load<MachineVector>('machines.json'),
  'messages.json': load<MessageVector>('messages.json'),
  'paths.json': load<PathVector>('paths.json'),
  'preface.json': load<PrefaceVector>('preface.json'),
  'streams.json': load<TranscriptVector>('streams.json'),
  'urls.json': load<UrlVector>('urls.json'),
  'utf8.json': load<TextVector>('utf8.json'),
};

/** The digests of what was published, by file and name. */
export const frozen = JSON.parse(readFileSync(`${folder}FROZEN.json`, 'utf8')) as Readonly<
  Record<string, Readonly<Record<string, string>>>
>;

/** Every file in the folder, also one that nobody reads here. */
export const namesInFolder = readdirSync(folder);

export function isTranscript(vector: LimitVector | TranscriptVector): vector is TranscriptVector {
  return 'steps' in vector;
}

/** The digits of bytes, written out. */
export function digitsOf(bytes: Bytes): string {
  if (typeof bytes === 'string') return bytes;
  return bytes.map((part) => (typeof part === 'string' ? part : part.repeat.repeat(part.times))).join('');
}

export function bytesOf(bytes: Bytes): Uint8Array {
  return Uint8Array.from(Buffer.from(digitsOf(bytes), 'hex'));
}
