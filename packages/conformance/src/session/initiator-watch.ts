import { specification } from '../spec/specification.js';
import type { Messages } from '../wire/messages.js';
import { treeDigest } from '../wire/tree-digest.js';
import { Violation } from '../wire/violation.js';
import type { Frame } from './judge-frame.js';

type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Names of operations by their numbers. */
const operationNames = new Map(
  Object.entries(specification.operations).map(([name, { number }]) => [number, name]),
);

/** Judges what a client says on one stream by the table of its operation. */
export class InitiatorWatch {
  readonly id: number;
  readonly open: Messages['OPEN'];
  /** `upload`, `stat`, …; the number of one that PROTOCOL.md does not have. */
  readonly operation: string;
  /** `upload`, `download`, `listing` or `call`. */
  readonly machine: string;
  readonly #table: Table;
  readonly #pieces: Buffer[] = [];
  #state: string;
  #base = 0;
  #received = 0;
  #end: Messages['END'] | undefined;
  #reset: Messages['RESET'] | undefined;
  /** Bytes of DATA and pages that the server has sent. */
  spent = 0;

  constructor(id: number, open: Messages['OPEN']) {
    this.id = id;
    this.open = open;
    this.operation = operationNames.get(open.operation) ?? String(open.operation);
    this.machine = specification.operations[this.operation]?.machine ?? 'call';
    this.#table = specification.machines[this.machine] as Table;
    const resuming = this.machine === 'upload' && (open.offset ?? 0) > 0;
    this.#state = resuming ? 'resuming' : (Object.keys(this.#table).find((s) => s !== 'resuming') as string);
  }

  get state(): string {
    return this.#state;
  }

  /** File bytes that came on this stream. */
  get received(): number {
    return this.#received;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  get end(): Messages['END'] | undefined {
    return this.#end;
  }

  get reset(): Messages['RESET'] | undefined {
    return this.#reset;
  }

  /** Whether the client counts it as open. */
  get counts(): boolean {
    return this.#state !== 'closed';
  }

  /** Whether this end sends what spends credit. */
  get takesCredit(): boolean {
    return this.machine === 'download' || this.machine === 'listing';
  }

  /** Notes what the server has sent. What the table does not allow changes nothing: the case wants to break a rule. */
  said(event: string, accepted = 0): void {
    const next = this.#table[this.#state]?.[event];
    if (next === undefined) return;
    if (event === 'R_ACCEPT') this.#base = accepted;
    this.#state = next;
  }

  /** @throws Violation */
  heard(frame: Frame): void {
    const event = `I_${frame.name}`;
    const next = this.#table[this.#state]?.[event];
    if (next === undefined) {
      // A RESET may cross the last word.
      if (this.#state === 'closed' && frame.name === 'RESET') return;
      const rules = this.#state === 'resuming' ? ['FX-12.2-3'] : ['FX-7.2-7'];
      throw new Violation(
        rules,
        `${event} on stream ${this.id}, which runs ${this.machine} in state ${this.#state}`,
      );
    }
    this.#state = next;
    if (frame.name === 'DATA') {
      this.#pieces.push(frame.payload);
      this.#received += frame.payload.length;
    } else if (frame.name === 'END') {
      this.#onEnd(frame.message);
    } else if (frame.name === 'RESET') {
      this.#onReset(frame.message);
    }
  }

  #onEnd(end: Messages['END']): void {
    this.#end = end;
    if (end.length !== this.#base + this.#received)
      throw new Violation(
        ['FX-8.2-4'],
        `END says ${end.length}, the DATA ended at ${this.#base + this.#received}`,
      );
    const ownAlgorithm = this.open.algorithm === undefined || this.open.algorithm === 'sha256';
    if (this.#base === 0 && ownAlgorithm && !end.digest.equals(treeDigest(this.bytes)))
      throw new Violation(
        ['FX-8.2-5', 'FX-14.1-1'],
        'the digest in END is not the tree digest of the DATA that came',
      );
  }

  #onReset(reset: Messages['RESET']): void {
    this.#reset = reset;
    const sent = this.machine === 'upload' ? this.#base + this.#received : 0;
    if (reset.finalOffset > sent)
      throw new Violation(['FX-7.3-8'], `RESET says it has sent ${reset.finalOffset} bytes, ${sent} came`);
  }
}
