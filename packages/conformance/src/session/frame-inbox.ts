import { shown } from '../report/shown.js';
import { codeName } from '../spec/specification.js';
import { PREFACE } from '../wire/frame.js';
import type { Messages } from '../wire/messages.js';
import { Violation } from '../wire/violation.js';
import { type Frame, type FrameNamed, judgeFrame } from './judge-frame.js';
import type { Transport } from './transport.js';

export interface InboxOptions {
  /** Whose frames they are. */
  readonly sender: 'client' | 'server';
  /** The longest DATA that was offered to the sender. */
  readonly maxDataPayload: () => number;
  /** Judges a sound frame by what went before; keeps it with `push` when somebody may want it. */
  readonly onFrame: (frame: Frame) => void;
}

/** What the peer under test has said: its preface and frames, each judged as it comes, kept until somebody takes it. */
export class FrameInbox {
  /** That came and nobody took. */
  readonly frames: Frame[] = [];
  /** The peer's, once it came. */
  goAway: Messages['GOAWAY'] | undefined;
  readonly #transport: Transport;
  readonly #options: InboxOptions;
  #violation: Violation | undefined;
  #prefaced = false;

  constructor(transport: Transport, options: InboxOptions) {
    this.#transport = transport;
    this.#options = options;
  }

  /** Judges what has come so far. */
  pump(): void {
    if (this.#violation !== undefined) return;
    try {
      this.#read();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.#violation = error;
    }
  }

  /** @throws Violation when something that came breaks a rule. */
  check(): void {
    this.pump();
    if (this.#violation !== undefined) throw this.#violation;
  }

  /** @throws Violation when the peer has ended the connection for a fault, instead of `what`. */
  checkGoAway(what: string): void {
    if (this.goAway === undefined || this.goAway.code === 0) return;
    const { code, reason = '' } = this.goAway;
    throw new Violation([], `GOAWAY ${codeName(code)} (${shown(reason)}) ${what}`);
  }

  /** Takes the first frame of one of these kinds, if one has come. */
  take(names: readonly Frame['name'][], stream: number | undefined): Frame | undefined {
    return this.takeFirst(
      (each) => names.includes(each.name) && (stream === undefined || each.stream === stream),
    );
  }

  takeFirst(wanted: (frame: Frame) => boolean): Frame | undefined {
    const at = this.frames.findIndex(wanted);
    return at < 0 ? undefined : this.frames.splice(at, 1)[0];
  }

  takePong(token: number): boolean {
    return this.takeFirst((each) => each.name === 'PONG' && each.message.token === token) !== undefined;
  }

  /** @throws Violation unless the code is one of these. */
  static expectCode({ message }: FrameNamed<'GOAWAY'>, codes: readonly string[]): void {
    const name = codeName(message.code);
    if (!codes.includes(name))
      throw new Violation([], `GOAWAY ${name} (${shown(message.reason ?? '')}), not ${codes.join(' or ')}`);
  }

  #read(): void {
    const { sender, maxDataPayload, onFrame } = this.#options;
    if (!this.#prefaced) {
      const preface = this.#transport.takeBytes(PREFACE.length);
      if (preface === undefined) return;
      if (!preface.equals(PREFACE))
        throw new Violation(['FX-3.1-1'], `the ${sender} begins with ${preface.toString('hex')}`);
      this.#prefaced = true;
    }
    for (let raw = this.#transport.takeFrame(); raw !== undefined; raw = this.#transport.takeFrame()) {
      if (this.goAway !== undefined && this.goAway.code !== 0) {
        const type = `0x${raw.type.toString(16)}`;
        throw new Violation(['FX-17.1-1'], `the ${sender} sent type ${type} after its GOAWAY`);
      }
      const judged = judgeFrame(raw, sender, maxDataPayload());
      if (judged !== undefined) onFrame(judged);
    }
  }
}
