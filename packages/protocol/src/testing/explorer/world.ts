import type { OperationState } from '../../machine/operation.js';
import type { StagedUpload, UploadJournal } from '../../machine/staged-upload.js';
import { noAttempt, type UploadAttempts } from '../../machine/upload-attempts.js';

/**
 * One state of everything that takes part in one upload: a client, a server with its disk, the names it serves, and up to
 * two connections, each with frames under way. A file is a text whose letters stand for pieces of a block, and the digest
 * of a text is the text: whoever compares digests compares content.
 */
export interface World {
  client: Client;
  server: Server;
  disk: Disk;
  names: Names;
  /** Oldest first. The client uses the last one at most; of an older one late frames may still arrive. */
  links: Link[];
  left: Budget;
  /** What this operation has published, in order. */
  commits: readonly string[];
  /** What was found identical under the name, in place of a publication. */
  identical: string | undefined;
  /** Where the file is, as RESULT told first. */
  told: string | undefined;
  /** What a move has shown to be wrong. */
  wrong: string | undefined;
}

/** How often what is nobody's wish may still happen. */
export interface Budget {
  cuts: number;
  crashes: number;
  clientCrashes: number;
  resets: number;
  otherWrites: number;
  sourceChanges: number;
  /** Bytes that are not those that were sent. */
  corruptions: number;
  /** What only a broken or malicious peer says. */
  lies: number;
  /** Uploads that the server does not keep any longer. */
  forgotten: number;
}

interface Client {
  attempts: UploadAttempts;
  /** What the file has now. */
  source: string;
  /** What this attempt reads. */
  reading: string;
  /** Letters sent or proven to be there. */
  sent: number;
  /** No further attempt is made. */
  over: boolean;
  /** Ended without a word to anybody. */
  dead: boolean;
  /** Went on although the server showed that it has something else. */
  deceived: boolean;
}

interface Server {
  up: boolean;
  upload: StagedUpload<string> | undefined;
}

interface Disk {
  /** The staged file, as the running server sees it. */
  staged: string;
  /** So much of it survives a crash. */
  flushed: number;
  journal: UploadJournal<string> | undefined;
  /** The name under which the staged file was published for good. */
  moved: string | undefined;
}

/** What others see. `rename` gives the second name when the first is taken. */
interface Names {
  first: string | undefined;
  second: string | undefined;
  /** Published, but not yet proof against a crash. */
  placing: { readonly at: 'first' | 'second'; readonly before: string | undefined } | undefined;
}

export type FrameUp =
  | { readonly kind: 'OPEN'; readonly asked: number }
  | { readonly kind: 'DATA'; readonly piece: string }
  | { readonly kind: 'END'; readonly length: number; readonly digest: string }
  | { readonly kind: 'RESET' };

export type FrameDown =
  | { readonly kind: 'ACCEPT'; readonly epoch: number; readonly offset: number; readonly prefix: string }
  | { readonly kind: 'ACK'; readonly offset: number }
  | { readonly kind: 'SUCCESS'; readonly path: string }
  | { readonly kind: 'FAILURE'; readonly code: string; readonly effect: 'none' | 'unknown' | 'applied' };

/** One connection with one stream. */
export interface Link {
  /** The attempt that made it. */
  readonly attempt: number;
  /** Whether the end still uses it. */
  client: boolean;
  server: boolean;
  /** What is said from now on does not arrive; both ends will notice sooner or later. */
  cut: boolean;
  clientStream: OperationState;
  serverStream: OperationState | undefined;
  /** What the server does on it. */
  phase: 'silent' | 'opening' | 'running' | 'committing' | 'over';
  asked: number;
  epoch: number;
  /** Where DATA begins, and letters of DATA heard. */
  base: number;
  heard: number;
  /** What the server has digested. */
  seen: string;
  /** Heard before the server was ready for it. */
  waiting: readonly FrameUp[];
  up: readonly FrameUp[];
  down: readonly FrameDown[];
}

export function firstWorld(source: string, left: Budget): World {
  return {
    client: { attempts: noAttempt, source, reading: '', sent: 0, over: false, dead: false, deceived: false },
    server: { up: true, upload: undefined },
    disk: { staged: '', flushed: 0, journal: undefined, moved: undefined },
    names: { first: undefined, second: undefined, placing: undefined },
    links: [],
    left,
    commits: [],
    identical: undefined,
    told: undefined,
    wrong: undefined,
  };
}

/** A copy that may be changed. Machines and frames are never changed, so they are shared. */
export function copyOf(world: World): World {
  return {
    ...world,
    client: { ...world.client },
    server: { ...world.server },
    disk: { ...world.disk },
    names: { ...world.names },
    links: world.links.map((link) => ({ ...link })),
    left: { ...world.left },
  };
}

/** The link that the client uses. */
export function clientLink(world: World): Link | undefined {
  const last = world.links.at(-1);
  return last?.client === true ? last : undefined;
}

/** The same text exactly for the same world. Short, and put together cheaply: millions of them are made and kept. */
export function keyOf(world: World): string {
  const { client, server, disk, names, left } = world;
  let key =
    `${keyOfAttempts(client.attempts)}${client.source};${client.attempts.state === 'idle' ? '' : `${client.reading};${client.sent}`}` +
    `${bit(client.over)}${bit(client.dead)}${bit(client.deceived)}${bit(server.up)}${keyOfUpload(server.upload)};` +
    `${disk.staged};${disk.flushed}${disk.journal === server.upload?.journal ? '=' : keyOfJournal(disk.journal)}` +
    `${disk.moved ?? ''};${names.first ?? '-'};${names.second ?? '-'};${names.placing?.at ?? ''}${names.placing?.before ?? ''};` +
    `${left.cuts}${left.crashes}${left.clientCrashes}${left.resets}${left.otherWrites}${left.sourceChanges}` +
    `${left.corruptions}${left.lies}${left.forgotten}${world.commits.join('+')};${world.identical ?? '-'};` +
    `${world.told ?? ''};${world.wrong ?? ''}`;
  for (const link of world.links) key += keyOfLink(link);
  return key;
}

/** Without what nobody looks at any more: so states that have the same future are the same. */
function keyOfLink(link: Link): string {
  if (!link.client && !link.server) return '';
  let key = `|${link.attempt}${bit(link.client)}${bit(link.server)}${bit(link.cut)}`;
  if (link.client) {
    key += codeOf(link.clientStream) + link.asked;
    for (const frame of link.down) key += keyOfFrame(frame);
  }
  if (!link.server) return key;
  key += `^${link.serverStream === undefined ? '-' : codeOf(link.serverStream)}${codeOf(link.phase)}`;
  if (link.phase !== 'over') {
    key += `${link.asked}${link.epoch}${link.base}${link.heard}${link.seen}`;
    for (const frame of link.waiting) key += keyOfFrame(frame);
  }
  key += '^';
  for (const frame of link.up) key += keyOfFrame(frame);
  return key;
}

const bit = (value: boolean): string => (value ? '1' : '0');

/** One letter for each name of a state, whichever come. */
const codes = new Map<string, string>();

function codeOf(name: string): string {
  let code = codes.get(name);
  if (code === undefined) {
    code = String.fromCharCode(192 + codes.size);
    codes.set(name, code);
  }
  return code;
}

function keyOfAttempts({ state, attempt, asked, epoch, remembered, before, effect }: UploadAttempts): string {
  if (state === 'idle') return `${codeOf(state)}${attempt}${epoch}${effect[0]}`;
  return `${codeOf(state)}${attempt}${asked}${epoch}${bit(remembered)}${before[0]}${effect[0]}`;
}

function keyOfUpload(upload: StagedUpload<string> | undefined): string {
  if (upload === undefined) return '';
  const { state, epoch, written, durable, claim, result, effect, journal } = upload;
  return `${codeOf(state)}${epoch}${written}${durable}${claim?.digest ?? '-'}${result ?? ''}${effect[0]}${keyOfJournal(journal)}`;
}

function keyOfJournal(journal: UploadJournal<string> | undefined): string {
  if (journal === undefined) return '';
  const { epoch, durable, intent, tombstone } = journal;
  return `j${epoch}${durable}${intent?.digest ?? '-'},${tombstone?.claim.digest ?? '-'}${tombstone?.result ?? ''}`;
}

function keyOfFrame(frame: FrameUp | FrameDown): string {
  switch (frame.kind) {
    case 'OPEN':
      return `O${frame.asked}`;
    case 'DATA':
      return `D${frame.piece}`;
    case 'END':
      return `E${frame.length}${frame.digest},`;
    case 'RESET':
      return 'R';
    case 'ACCEPT':
      return `A${frame.epoch}${frame.offset}${frame.prefix},`;
    case 'ACK':
      return `K${frame.offset}`;
    case 'SUCCESS':
      return `S${frame.path},`;
    case 'FAILURE':
      return `F${codeOf(frame.code)}${frame.effect[0]}`;
  }
}
