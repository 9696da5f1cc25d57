/** A promise with its ends outside. */
export class Deferred<T = void> {
  readonly promise: Promise<T>;
  settled = false;
  resolve!: (value: T) => void;
  reject!: (error: unknown) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = (value) => {
        this.settled = true;
        resolve(value);
      };
      this.reject = (error) => {
        this.settled = true;
        reject(error);
      };
    });
    this.promise.catch(() => undefined);
  }
}

/** Holds whoever passes until it is opened, and tells how many have come. */
export class Gate {
  readonly #open = new Deferred();
  readonly #first = new Deferred();
  arrivals = 0;

  /** Resolves when somebody waits at the gate. */
  get reached(): Promise<void> {
    return this.#first.promise;
  }

  pass(): Promise<void> {
    this.arrivals += 1;
    this.#first.resolve();
    return this.#open.promise;
  }

  open(): void {
    this.#open.resolve();
  }
}

/** What a promise came to, told by its error; for operations that must fail. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it succeeded');
}

/** Lets everything that is ready run: a turn of the event loop, `turns` times. */
export async function turns(count = 1): Promise<void> {
  for (let i = 0; i < count; i += 1) await new Promise((resolve) => setImmediate(resolve));
}
