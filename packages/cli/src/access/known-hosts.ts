import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FilexError } from '@filex/protocol';
import { fileError } from '@filex/protocol/node';
import { bounds } from '../bounds.js';
import { readFingerprint } from './fingerprint.js';
import { others, readPrivateFile } from './private-file.js';
import { namedServer } from './server-name.js';

/** What is remembered of one server. */
export interface KnownHost {
  /** Any of these keys is right. A line that cannot be understood gives none: it lets nobody in, and is not overlooked either. */
  readonly fingerprints: readonly string[];
  /** Where in the file that is said, counted from 1. */
  readonly lines: readonly number[];
}

/**
 * The servers whose keys the user has accepted: lines `host:port sha256:…` in a file, which may be edited; what begins with `#` is
 * a comment. A line is only ever added, in one write at the end of the file, so that clients that run at the same time lose none
 * of each other's; nothing is replaced or removed but by the user.
 */
export class KnownHosts {
  readonly file: string;
  readonly #platform: NodeJS.Platform;

  /** @param folder where it is kept; made when something is added. */
  constructor(folder: string, platform: NodeJS.Platform) {
    this.file = join(folder, 'known_hosts');
    this.#platform = platform;
  }

  /**
   * @param name as `serverName` writes it.
   * @returns undefined when nothing is known of that server.
   * @throws FilexError when the file is there, but cannot be read or could have been written by others: not knowing a server that
   * is known would be unsafe.
   */
  async find(name: string): Promise<KnownHost | undefined> {
    return findIn(await this.#read(), name);
  }

  /**
   * Remembers the key of a server that is not known yet.
   * @throws FilexError when that cannot be, also because another key has been remembered meanwhile.
   */
  async add(name: string, fingerprint: string): Promise<void> {
    const text = await this.#read();
    const known = findIn(text, name);
    if (known?.fingerprints.includes(fingerprint) === true) return;
    if (known !== undefined)
      throw new FilexError('IDENTITY_CHANGED', `${this.file} has another key for ${name}`);
    // Whoever edits by hand may leave the last line without its end.
    const line = `${text === '' || text.endsWith('\n') ? '' : '\n'}${name} ${fingerprint}\n`;
    if (!/^\n?[!-~]+ [!-~]+\n$/.test(line))
      throw new FilexError('URL_INVALID', `${JSON.stringify(name)} is not a name that can be written down`);
    if (Buffer.byteLength(text) + line.length > bounds.knownHostsSize)
      throw new FilexError('TOO_LARGE', `${this.file} is full`);
    await this.#append(line);
  }

  async #read(): Promise<string> {
    const text = await readPrivateFile(this.file, {
      forbidden: others.write,
      complaint: 'can be written by others',
      maxSize: bounds.knownHostsSize,
      platform: this.#platform,
    });
    return text ?? '';
  }

  async #append(line: string): Promise<void> {
    try {
      await mkdir(dirname(this.file), { recursive: true, mode: 0o700 });
      const handle = await open(this.file, 'a', 0o600);
      try {
        const { bytesWritten } = await handle.write(line);
        if (bytesWritten !== line.length)
          throw new FilexError('NO_SPACE', `cannot write all of ${this.file}`);
        await handle.chmod(0o600);
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw fileError(error, { action: 'write', path: this.file });
    }
  }
}

function findIn(text: string, name: string): KnownHost | undefined {
  const fingerprints: string[] = [];
  const lines: number[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const [word = '', key = ''] = line.trim().split(/\s+/);
    if (word === '' || word.startsWith('#') || namedServer(word)?.name !== name) continue;
    lines.push(index + 1);
    const fingerprint = readFingerprint(key);
    if (fingerprint !== undefined) fingerprints.push(fingerprint);
  }
  return lines.length === 0 ? undefined : { fingerprints, lines };
}
