import { FilexError } from '@filex/protocol';

/** A folder on the server that is made when something needs it, once, and not before the folder it is in. */
export class RemoteFolder {
  /** Where it comes from on this machine. */
  readonly local: string;
  readonly remote: string;
  readonly #parent: RemoteFolder | undefined;
  readonly #make: () => Promise<void>;
  #made: Promise<FilexError | undefined> | undefined;

  constructor(local: string, remote: string, parent: RemoteFolder | undefined, make: () => Promise<void>) {
    this.local = local;
    this.remote = remote;
    this.#parent = parent;
    this.#make = make;
  }

  /** Resolves with why it cannot be had: for a folder in a failed one, that one's error. */
  ensure(): Promise<FilexError | undefined> {
    this.#made ??= this.#ensure();
    return this.#made;
  }

  async #ensure(): Promise<FilexError | undefined> {
    const above = await this.#parent?.ensure();
    if (above !== undefined) return above;
    try {
      await this.#make();
      return undefined;
    } catch (error) {
      return FilexError.from(error);
    }
  }
}
