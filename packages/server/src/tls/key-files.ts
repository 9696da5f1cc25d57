import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { SecureContext } from 'node:tls';
import { FilexError } from '@filex/protocol';
import { fileError, fingerprintOf, type ReceiptFacts, secureContext } from '@filex/protocol/node';
import { bounds } from '../bounds.js';
import type { Warn } from '../store/local/warn.js';
import { receiptsOf } from './receipts.js';

/** Where a key of the user's own is. */
interface KeyPaths {
  /** PEM: the certificate, or a chain of them, the server's own first. */
  readonly cert: string;
  /** PEM, not encrypted. */
  readonly key: string;
}

/** How to watch a key. */
export interface KeyFilesOptions extends KeyPaths {
  readonly onWarning: Warn;
  /** Told the fingerprint when there is another key. */
  readonly onChange?: ((fingerprint: string) => void) | undefined;
  /** Milliseconds between two looks. Default: as in `bounds`. */
  readonly interval?: number | undefined;
}

/** A key and certificate in files that somebody renews: connections that begin get the newest pair that is good. */
export class KeyFiles {
  readonly #options: KeyFilesOptions;
  readonly #timer: NodeJS.Timeout;
  #loaded: Loaded;
  /** What the files looked like when they were read last, good or not. */
  #seen: string;
  /** A pair that was not good when it was seen first. It is told when it stays so: certificate and key are not replaced at once. */
  #doubtful: string | undefined;
  #look: Promise<void> | undefined;

  private constructor(options: KeyFilesOptions, loaded: Loaded, seen: string) {
    this.#options = options;
    this.#loaded = loaded;
    this.#seen = seen;
    this.#timer = setInterval(() => void this.look(), options.interval ?? bounds.keyPolling).unref();
  }

  /** @throws FilexError when they cannot be read, or are no pair. */
  static async open(options: KeyFilesOptions): Promise<KeyFiles> {
    const seen = await appearance(options);
    const loaded = await load(options);
    const { mode } = await stat(options.key);
    if (process.platform !== 'win32' && (mode & EVERYBODY) !== 0)
      options.onWarning('everybody on this machine can read the key, or change it', { file: options.key });
    return new KeyFiles(options, loaded, seen);
  }

  /** `sha256:…` of the present key. */
  get fingerprint(): string {
    return this.#loaded.fingerprint;
  }

  /** For a connection that begins. */
  readonly context = (): SecureContext => this.#loaded.context;

  /** A receipt, signed with the present key. */
  readonly receipts = (facts: ReceiptFacts): Uint8Array | undefined => this.#loaded.receipts?.(facts);

  /** Looks whether the files have changed, and takes what is there when it is good. Never rejects. */
  look(): Promise<void> {
    this.#look ??= this.#lookOnce().finally(() => {
      this.#look = undefined;
    });
    return this.#look;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #lookOnce(): Promise<void> {
    const { onWarning, onChange } = this.#options;
    const seen = await appearance(this.#options);
    if (seen === this.#seen && seen !== this.#doubtful) return;
    this.#seen = seen;
    try {
      const before = this.fingerprint;
      this.#loaded = await load(this.#options);
      this.#doubtful = undefined;
      if (this.fingerprint !== before) onChange?.(this.fingerprint);
    } catch (error) {
      if (seen === this.#doubtful) {
        this.#doubtful = undefined;
        onWarning('the new certificate or key is not good: the one of before stays in use', { err: error });
      } else this.#doubtful = seen;
    }
  }
}

/** The modes that let everybody read or change a file. */
const EVERYBODY = 0o006;

interface Loaded {
  readonly context: SecureContext;
  readonly fingerprint: string;
  readonly receipts: ReturnType<typeof receiptsOf>;
}

async function load(paths: KeyPaths): Promise<Loaded> {
  const cert = await read(paths.cert, 'the certificate');
  const key = await read(paths.key, 'the key');
  try {
    const context = secureContext({ cert, key });
    return { context, fingerprint: fingerprintOf(cert), receipts: receiptsOf(key) };
  } catch (cause) {
    throw new FilexError(
      'IO_ERROR',
      `${JSON.stringify(paths.cert)} and ${JSON.stringify(paths.key)} are no certificate with its key: ${(cause as Error).message}`,
      { cause },
    );
  }
}

async function read(path: string, what: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > bounds.stateFile)
      throw new FilexError(
        'TOO_LARGE',
        `${what} ${JSON.stringify(path)} has more than ${bounds.stateFile} bytes`,
      );
    return await readFile(path, 'utf8');
  } catch (error) {
    throw fileError(error, { action: `read ${what}`, path });
  }
}

/** Differs when either file was changed or replaced. */
async function appearance({ cert, key }: KeyPaths): Promise<string> {
  const looks = await Promise.all([cert, key].map((path) => stat(path).then(describe, () => 'missing')));
  return looks.join();
}

function describe({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [dev, ino, size, mtimeMs, ctimeMs].join(':');
}
