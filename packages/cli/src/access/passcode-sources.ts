import type { Readable } from 'node:stream';
import { bounds } from '../bounds.js';
import { AdvisedError, UsageError } from '../errors.js';
import type { Io } from '../io.js';
import { type FoundPasscode, findCredentials } from './credentials-file.js';

/**
 * Where a passcode can come from without asking anybody: `--passcode-stdin`, then `FILEX_PASSCODE`, then the credentials file.
 * Never from the command line, which every program on the machine can read.
 */
export class PasscodeSources {
  readonly #io: Io;
  readonly #fromInput: boolean;
  #input: Promise<FoundPasscode> | undefined;

  /** @param fromInput whether the first line of standard input is the passcode. */
  constructor(io: Io, fromInput: boolean) {
    this.#io = io;
    this.#fromInput = fromInput;
  }

  /** Whether the passcode comes on standard input, so that it has to be wanted. */
  get fromInput(): boolean {
    return this.#fromInput;
  }

  /**
   * @param name of the server, as `serverName` writes it.
   * @returns undefined when there is none.
   */
  async find(user: string, name: string): Promise<FoundPasscode | undefined> {
    if (this.#fromInput) {
      this.#input ??= readInput(this.#io);
      return this.#input;
    }
    const passcode = this.#io.env['FILEX_PASSCODE'];
    if (passcode !== undefined && passcode !== '') return { passcode, source: 'FILEX_PASSCODE' };
    return findCredentials(this.#io.configDirectory(), { user, name }, this.#io.platform);
  }
}

async function readInput({ stdin }: Io): Promise<FoundPasscode> {
  if (stdin.isTTY === true)
    throw new UsageError(
      '--passcode-stdin reads from a file or pipe; on a terminal, leave it out to be asked.',
    );
  const passcode = await firstLine(stdin);
  if (passcode !== '') return { passcode, source: 'standard input' };
  throw new AdvisedError(
    'AUTH_FAILED',
    'standard input has no passcode in its first line',
    'With --passcode-stdin the first line of standard input is the passcode.',
  );
}

/** What comes after the line is nobody's. */
async function firstLine(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array);
    chunks.push(bytes);
    size += bytes.length;
    if (bytes.includes(0x0a)) break;
    if (size > bounds.passcodeSize)
      throw new AdvisedError(
        'AUTH_FAILED',
        `the first line of standard input has more than ${bounds.passcodeSize} bytes`,
        'With --passcode-stdin the first line of standard input is the passcode.',
      );
  }
  const text = Buffer.concat(chunks).toString('utf8');
  return text.replace(/\r?\n[\s\S]*$/, '').replace(/^\ufeff/, '');
}
