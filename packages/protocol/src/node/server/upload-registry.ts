import { FilexError } from '../../errors.js';
import { MAX_TIMER } from '../bounds.js';
import { Driver } from '../driver.js';
import { EphemeralMap } from '../ephemeral-map.js';
import { FairShare } from './fair-share.js';
import { RememberedUpload } from './remembered-upload.js';
import type { ServerLimits } from './server-limits.js';

interface Resting {
  readonly principal: string;
  readonly upload: RememberedUpload;
  /** When it is forgotten. */
  readonly until: number;
}

type UploadLimits = Pick<ServerLimits, 'resumeTimeout' | 'maxSuspendedUploads' | 'maxRememberedUploads'>;

/** An upload that streams are at work on, or wait for. */
interface Active {
  readonly upload: RememberedUpload;
  visitors: number;
}

/** The upload that a stream is about to enter. `rest` is to be called once, when the stream is done with it. */
export interface Found {
  readonly upload: RememberedUpload;
  readonly rest: () => void;
}

/**
 * The uploads that a server remembers, by principal and operation id: those under way, and for a while those that were lost
 * or have ended. The latter in memory, where a server that is started again begins with none, unless the handler keeps them: then
 * only those that have left nothing.
 */
export class UploadRegistry {
  readonly #limits: UploadLimits;
  /** Whether the handler keeps what nobody is at work on. */
  readonly #keptElsewhere: boolean;
  readonly #active = new EphemeralMap<string, Active>();
  /** On their way to where they are kept; a stream that wants one waits. */
  readonly #leaving = new EphemeralMap<string, Promise<void>>();
  /** Nobody is at work on these; the one that is to be forgotten next comes first. */
  readonly #resting = new Map<string, Resting>();
  readonly #dropping = new Set<Promise<void>>();
  /** Those of them that hold bytes. */
  readonly #suspended: FairShare<string>;
  readonly #remembered: FairShare<string>;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: UploadLimits, keptElsewhere = false) {
    this.#limits = limits;
    this.#keptElsewhere = keptElsewhere;
    this.#suspended = new FairShare(limits.maxSuspendedUploads);
    this.#remembered = new FairShare(limits.maxRememberedUploads);
  }

  /** Whether anything is remembered beyond its stream. */
  get remembers(): boolean {
    return this.#limits.resumeTimeout > 0;
  }

  /** Whether nothing is remembered of an upload, so that `find` answers at once, with nothing. */
  isUnheardOf(principal: string, operationId: string): boolean {
    const key = `${operationId} ${principal}`;
    return !this.#active.has(key) && !this.#leaving.has(key) && !this.#resting.has(key);
  }

  /** @returns at once, unless the upload is just being put away. */
  find(principal: string, operationId: string): Found | Promise<Found> {
    if (!this.remembers) {
      const upload = new RememberedUpload();
      return { upload, rest: () => undefined };
    }
    const key = `${operationId} ${principal}`;
    const leaving = this.#leaving.get(key);
    if (leaving !== undefined) return leaving.then(() => this.find(principal, operationId));
    const active = this.#active.get(key) ?? {
      upload: this.#wake(key) ?? new RememberedUpload(),
      visitors: 0,
    };
    active.visitors += 1;
    this.#active.set(key, active);
    return { upload: active.upload, rest: () => this.#rest(principal, key, active) };
  }

  /** Drops everything that nobody is at work on, and waits for what is being dropped or put away. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    for (const key of [...this.#resting.keys()]) this.#forget(key, new FilexError('SHUTTING_DOWN'));
    await Promise.all([...this.#dropping, ...this.#leaving.values()]);
  }

  #wake(key: string): RememberedUpload | undefined {
    const resting = this.#resting.get(key);
    if (resting === undefined) return undefined;
    this.#resting.delete(key);
    this.#suspended.delete(resting.principal, key);
    this.#remembered.delete(resting.principal, key);
    return resting.upload;
  }

  #rest(principal: string, key: string, active: Active): void {
    const { upload } = active;
    active.visitors -= 1;
    if (active.visitors > 0) return;
    this.#active.delete(key);
    // That it was tried, and how often, is not worth a place on a disk.
    if (this.#keptElsewhere && !upload.isEmpty) {
      const leaving = upload.letGo().finally(() => this.#leaving.delete(key));
      this.#leaving.set(key, leaving);
      return;
    }
    this.#resting.set(key, { principal, upload, until: Driver.now() + this.#limits.resumeTimeout });
    const tooMany = [
      upload.receiver === undefined ? undefined : this.#suspended.add(principal, key),
      this.#remembered.add(principal, key),
    ];
    for (const each of tooMany) {
      const words = 'too many other uploads were lost since';
      if (each !== undefined) this.#forget(each, new FilexError('CONNECTION_LOST', words));
    }
    this.#watch();
  }

  #watch(): void {
    const [next] = this.#resting.values();
    if (next === undefined || this.#timer !== undefined) return;
    const wait = Math.min(Math.max(0, next.until - Driver.now()), MAX_TIMER);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#expire(Driver.now());
      this.#watch();
    }, Math.ceil(wait));
    this.#timer.unref();
  }

  #expire(now: number): void {
    for (const [key, { until }] of this.#resting) {
      if (until > now) return;
      this.#forget(key, new FilexError('CONNECTION_LOST', 'the client did not come back'));
    }
  }

  #forget(key: string, reason: FilexError): void {
    const upload = this.#wake(key);
    if (upload === undefined) return;
    const dropping = upload.drop(reason);
    this.#dropping.add(dropping);
    void dropping.finally(() => this.#dropping.delete(dropping));
  }
}
