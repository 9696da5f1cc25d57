import { changesDisk, type Errno, type Fault, type FileCall, type Kind, type Observer } from './file-call.js';
import { observe } from './patch.js';

/** Which call fails, and how. */
export interface FaultPlan {
  /** Counts from 1, among those of `kinds`; 0: none, to count them. */
  readonly nth: number;
  readonly errno: Errno;
  /** Default: every call. `changing`: those that change the disk or make a change safe. */
  readonly kinds?: readonly Kind[] | 'changing' | undefined;
  /** From there on all fail, until {@link FaultInjector.end}. Default: only that one. */
  readonly lasting?: boolean | undefined;
  /** A write does half of its work first, and the next one fails. Default: it does nothing. */
  readonly short?: boolean | undefined;
}

/** Makes the n-th call below a folder fail. */
export class FaultInjector implements Observer {
  readonly folder: string;
  /** Those that were counted, as `kind path`. */
  readonly calls: string[] = [];
  /** The first that failed. */
  failed: string | undefined;
  readonly #plan: FaultPlan;
  readonly #tell: (errno: Errno, call: string) => void;
  readonly #end: () => void;
  #shortened = false;

  /**
   * @param folder its real path.
   * @param tell told of each failure.
   */
  constructor(folder: string, plan: FaultPlan, tell: (errno: Errno, call: string) => void = () => {}) {
    this.folder = folder;
    this.#plan = plan;
    this.#tell = tell;
    this.#end = observe(this);
  }

  before(call: FileCall): Fault | undefined {
    const { nth, kinds, lasting = false, short = false } = this.#plan;
    const wanted = kinds === 'changing' ? changesDisk(call) : (kinds?.includes(call.kind) ?? true);
    if (!wanted) return undefined;
    const name = `${call.kind} ${call.path.slice(this.folder.length)}`;
    this.calls.push(name);
    const number = this.calls.length;
    if (this.#shortened && call.kind === 'write') {
      this.#shortened = lasting;
      return this.#fail(name);
    }
    if (number !== nth && !(lasting && nth > 0 && number > nth)) return undefined;
    const length = call.args[3];
    if (short && call.kind === 'write' && typeof length === 'number' && length > 1 && !this.#shortened) {
      this.#shortened = true;
      return { bytes: length >> 1 };
    }
    return this.#fail(name);
  }

  #fail(name: string): Fault {
    this.failed ??= name;
    const { errno } = this.#plan;
    this.#tell(errno, name);
    return { errno };
  }

  after(): void {}

  /** Nothing fails any more. */
  end(): void {
    this.#end();
  }
}
