import { createHash } from 'node:crypto';
import {
  acceptUpload,
  type Claim,
  endUpload,
  flushedUpload,
  intendedUpload,
  loseUpload,
  openUpload,
  publishedUpload,
  recordedUpload,
  recoverUpload,
  type StagedUpload,
  syncUpload,
  writeUpload,
} from '../machine/staged-upload.js';
import {
  acceptAttempt,
  beginAttempt,
  endAttempt,
  failAttempt,
  giveUpAttempts,
  loseAttempt,
  noAttempt,
  succeedAttempt,
  type UploadAttempts,
} from '../machine/upload-attempts.js';
import { BLOCK_SIZE, TreeDigest } from '../wire/digest.js';
import { hex } from './bytes.js';
import { type Heard, Pair } from './pair.js';
import { Random } from './random.js';

export interface Trouble {
  readonly seed: number;
  /** Bytes of the file. */
  readonly size: number;
  /** How often a connection is cut, and the server crashes, before it is left in peace. */
  readonly cuts: number;
  readonly crashes: number;
  /** The client goes on after the last trouble, or gives up. */
  readonly patient: boolean;
}

const REQUEST = 'put a';
const operationId = new Uint8Array(16).fill(5);
const source = new Random(1).bytes(BLOCK_SIZE * 2 + 70_000);

function digestOf(bytes: Uint8Array): Uint8Array {
  const tree = new TreeDigest(() => createHash('sha256'));
  tree.update(bytes);
  return tree.digest();
}

/** One connection, and what each end thinks of the upload on it. */
interface Line {
  readonly pair: Pair;
  /** Whether each end still has it. */
  client: boolean;
  server: boolean;
  stream: number | undefined;
  /** Client: the place of the next byte, once it is known. */
  at: number | undefined;
  /** Server: the epoch of the stream. */
  epoch: number;
  claim: Claim | undefined;
}

/**
 * One upload over as many connections as it takes: real connections, the real machines of both ends, bytes, a wire that
 * delays and cuts as chance has it, lines that the client has given up while the server still hears them, and a server
 * that crashes between any two steps and keeps what was durable. The store is as simple as can be.
 */
export class Resumption {
  readonly content: Uint8Array;
  /** What was published, each time. */
  readonly files: Uint8Array[] = [];
  attempts: UploadAttempts = noAttempt;
  /** Bytes of the file that were sent in all. */
  sent = 0;
  readonly #trouble: Trouble;
  readonly #random: Random;
  readonly #lines: Line[] = [];
  #cuts: number;
  #crashes: number;
  #upload: StagedUpload<string> | undefined;
  /** What is on the disk of the server, and how much of it would survive a crash. */
  readonly #staged: Uint8Array;
  #journal: StagedUpload<string>['journal'];
  /** Whether what is staged has its name. */
  #published = false;

  constructor(trouble: Trouble) {
    this.#trouble = trouble;
    this.#random = new Random(trouble.seed);
    this.#cuts = trouble.cuts;
    this.#crashes = trouble.crashes;
    this.content = source.subarray(0, trouble.size);
    this.#staged = new Uint8Array(trouble.size);
  }

  /** Runs until the client has an outcome and nothing is under way. False: it does not come to an end. */
  run(rounds: number): boolean {
    for (let round = 0; round < rounds; round += 1) {
      const line = this.#currentLine();
      if (line !== undefined) this.#act(line);
      for (const each of this.#lines) this.#move(each);
      this.#makeTrouble();
      const over = this.attempts.state === 'done' || this.attempts.state === 'failed';
      const used = this.#lines.filter(({ client, server }) => client || server);
      if (over && used.every(({ pair }) => pair.idle)) return true;
    }
    return false;
  }

  /** The line the client uses; a new one when it has none. */
  #currentLine(): Line | undefined {
    const { state } = this.attempts;
    const line = this.#lines.find((each) => each.client);
    if (line !== undefined || state !== 'idle') return line;
    if (!this.#trouble.patient && this.#cuts === 0 && this.#crashes === 0 && this.attempts.attempt > 0) {
      this.attempts = giveUpAttempts(this.attempts);
      return undefined;
    }
    const made: Line = {
      client: true,
      server: true,
      stream: undefined,
      at: undefined,
      epoch: 0,
      claim: undefined,
      pair: new Pair({
        random: this.#random,
        onEvent: (side, event) =>
          side === 'client' ? this.#onClientEvent(made, event) : this.#onServerEvent(made, event),
        onBytes: (_side, _stream, bytes) => this.#onBytes(made, bytes),
      }),
    };
    this.#lines.push(made);
    return made;
  }

  #move({ pair, client, server }: Line): void {
    if (client) pair.transmit('client');
    if (server) {
      pair.deliver('server');
      pair.consume('server');
      pair.transmit('server');
    }
    if (client) {
      pair.deliver('client');
      pair.consume('client');
    }
    this.#concludeAll();
  }

  #makeTrouble(): void {
    if (this.#cuts > 0 && this.#random.chance(0.02)) {
      this.#cuts -= 1;
      const line = this.#lines.find((each) => each.client);
      if (line !== undefined) this.#cut(line);
    }
    if (this.#crashes > 0 && this.#random.chance(0.01)) {
      this.#crashes -= 1;
      this.#crash();
    }
    // A line that only the server has left: it hears of its end at last.
    for (const line of this.#lines)
      if (line.server && !line.client && this.#random.chance(0.05)) this.#hangUp(line);
  }

  /** The client loses the line. The server may go on hearing what is under way, for as long as it likes. */
  #cut(line: Line): void {
    line.client = false;
    if (line.stream !== undefined && !['done', 'failed', 'idle'].includes(this.attempts.state))
      this.attempts = loseAttempt(this.attempts);
    if (this.#random.chance(0.5)) this.#hangUp(line);
  }

  #hangUp(line: Line): void {
    line.server = false;
    line.pair.settle();
    if (line.epoch > 0 && this.#upload !== undefined && line.claim === undefined)
      this.#upload = this.#keep(loseUpload(this.#upload, line.epoch, BLOCK_SIZE));
  }

  #crash(): void {
    for (const line of this.#lines.filter(({ server }) => server)) {
      line.server = false;
      if (line.client) this.#cut(line);
    }
    const journal = this.#journal;
    if (journal === undefined) {
      this.#upload = undefined;
      return;
    }
    this.#staged.fill(0xdd, journal.durable);
    const intended = journal.intent !== undefined && this.#published;
    this.#upload = recoverUpload(journal, intended ? 'created' : undefined);
    // What was being recorded is recorded now.
    if (this.#upload.state === 'recording') this.#upload = this.#keep(recordedUpload(this.#upload));
  }

  #keep(upload: StagedUpload<string>): StagedUpload<string> {
    this.#journal = upload.journal;
    return upload;
  }

  // ------------------------------------------------------------------ the client

  #act(line: Line): void {
    const { client } = line.pair.ends;
    if (client.state === 'negotiated' && line.pair.ends.server.state === 'negotiated') {
      client.authenticate('ANONYMOUS');
      return;
    }
    if (client.state !== 'open') return;
    if (line.stream === undefined) {
      // It may always start again, and sometimes does.
      const offset = this.attempts.attempt > 0 && this.#random.chance(0.8) ? this.content.length : 0;
      this.attempts = beginAttempt(this.attempts, offset);
      const size = this.content.length;
      line.stream = client.open({ operation: 'upload', path: 'a', operationId, size, offset });
      line.at = offset > 0 ? undefined : 0;
      return;
    }
    if (this.attempts.state !== 'sending' || line.at === undefined) return;
    const room = Math.min(client.sendable(line.stream), client.maxDataPayload, this.content.length - line.at);
    if (room > 0) {
      const count = this.#random.chance(0.8) ? room : this.#random.integer(1, room);
      client.write(line.stream, this.content.subarray(line.at, line.at + count));
      line.at += count;
      this.sent += count;
    }
    if (line.at < this.content.length) return;
    this.attempts = endAttempt(this.attempts);
    client.end(line.stream, this.content.length, digestOf(this.content));
  }

  #onClientEvent(line: Line, event: Heard): void {
    if (event.type === 'fault') throw new Error(`the client faults: ${event.message}`);
    // What reaches a line that was given up reaches nobody.
    if (!line.client) return;
    if (event.type === 'accept') {
      const { offset, epoch, prefix } = event.accept;
      const ours =
        offset === 0 || hex(digestOf(this.content.subarray(0, offset))) === hex(prefix as Uint8Array);
      const judged = acceptAttempt(this.attempts, { offset, epoch }, ours);
      if (judged.refusal !== undefined) throw new Error(`an honest server is refused: ${judged.refusal}`);
      this.attempts = judged.attempts;
      line.at ??= offset;
    } else if (event.type === 'result') {
      this.attempts =
        event.result.status === 'OK'
          ? succeedAttempt(this.attempts)
          : failAttempt(this.attempts, event.result.effect);
      if (this.attempts.state === 'idle') line.client = false;
    }
  }

  // ------------------------------------------------------------------ the server

  #onServerEvent(line: Line, event: Heard): void {
    const { server } = line.pair.ends;
    if (event.type === 'fault') throw new Error(`the server faults: ${event.message}`);
    if (event.type === 'auth') server.authenticated('anonymous');
    else if (event.type === 'open') this.#onOpen(line, event.stream, event.request.offset ?? 0);
    else if (event.type === 'end') line.claim = { length: event.length, digest: hex(event.digest) };
  }

  #onOpen(line: Line, stream: number, asked: number): void {
    const { server } = line.pair.ends;
    const opened = openUpload(this.#upload, { request: REQUEST, offset: asked });
    line.stream = stream;
    line.epoch = opened.upload.epoch;
    let { upload } = opened;
    if (opened.answer === 'mismatch' || opened.answer === 'wait') throw new Error(opened.answer);
    if (opened.answer === 'go on') upload = syncUpload(upload, upload.written);
    const accepted = acceptUpload(upload, line.epoch, asked, BLOCK_SIZE);
    this.#upload = this.#keep(accepted.upload);
    const { offset } = accepted;
    if (accepted.upload.state !== 'committed') this.#published = false;
    const bytes = accepted.upload.state === 'committed' ? (this.files.at(-1) as Uint8Array) : this.#staged;
    const prefix = offset > 0 ? digestOf(bytes.subarray(0, offset)) : undefined;
    server.accept(stream, { offset, epoch: line.epoch, prefix });
  }

  #onBytes(line: Line, bytes: Uint8Array): void {
    const upload = this.#upload;
    if (upload === undefined || !line.server) return;
    const at = upload.written;
    const { upload: next, refusal } = writeUpload(upload, line.epoch, bytes.length);
    if (refusal !== undefined) return this.#refuse(line, refusal.effect);
    if (next.state !== 'committed') this.#staged.set(bytes, at);
    this.#upload = next;
    // Now and then what came is made durable.
    if (next.state === 'staging' && this.#random.chance(0.05))
      this.#upload = this.#keep(syncUpload(next, next.written));
  }

  #refuse({ pair, stream }: Line, effect: 'none' | 'applied' | 'unknown'): void {
    const { server } = pair.ends;
    if (stream === undefined || !server.allows(stream, 'R_FAILURE')) return;
    server.result(stream, { status: 'SUPERSEDED', effect, retry: false });
  }

  #concludeAll(): void {
    for (const line of this.#lines)
      if (line.server && line.claim !== undefined && line.pair.ends.server.unconsumed === 0)
        this.#conclude(line, line.claim);
  }

  /** END came, and all bytes before it were stored. */
  #conclude(line: Line, claimed: Claim): void {
    line.claim = undefined;
    const upload = this.#upload as StagedUpload<string>;
    const written = this.#staged.slice(0, upload.written);
    const computed = { length: written.length, digest: hex(digestOf(written)) };
    const ended = endUpload(upload, line.epoch, claimed, computed);
    if (ended.refusal !== undefined) {
      this.#upload = this.#keep(ended.upload);
      return this.#refuse(line, ended.refusal.effect);
    }
    this.#upload = ended.upload;
    if (ended.upload.state !== 'committed' && !this.#commit(ended.upload, written)) return;
    const { server } = line.pair.ends;
    const stream = line.stream as number;
    if (server.allows(stream, 'R_SUCCESS'))
      server.result(stream, { status: 'OK', effect: 'applied', outcome: 'created', retry: false });
  }

  /** Step by step; false when the server has crashed in between. */
  #commit(upload: StagedUpload<string>, written: Uint8Array): boolean {
    const steps: (() => void)[] = [
      () => {
        this.#upload = this.#keep(flushedUpload(upload));
      },
      () => {
        this.#upload = this.#keep(intendedUpload(this.#upload as StagedUpload<string>));
      },
      () => {
        this.files.push(written);
        this.#published = true;
        this.#upload = publishedUpload(this.#upload as StagedUpload<string>, 'created');
      },
      () => {
        this.#upload = this.#keep(recordedUpload(this.#upload as StagedUpload<string>));
      },
    ];
    for (const step of steps) {
      if (this.#crashes > 0 && this.#random.chance(0.15)) {
        this.#crashes -= 1;
        this.#crash();
        return false;
      }
      step();
    }
    return true;
  }
}
