import { bounds } from '../../bounds.js';
import type { DescriptorConfinement, HeldFolder } from './descriptor-confinement.js';

/**
 * Folders that are held open for the rest of a turn of the event loop: small files come by the hundred from one folder, and to
 * walk the way to it costs more than to read one of them.
 *
 * What is held is the very folder that was walked to, by the same steps as always, a moment ago; whatever another program does
 * to its name, or to the way there, is done to the next turn.
 */
export class FoldersAtHand {
  readonly #confinement: DescriptorConfinement;
  readonly #nextTurn: (letGo: () => void) => void;
  readonly #held = new Map<string, HeldFolder>();

  /** @param nextTurn a parameter for tests. */
  constructor(confinement: DescriptorConfinement, nextTurn: (letGo: () => void) => void = setImmediate) {
    this.#confinement = confinement;
    this.#nextTurn = nextTurn;
  }

  /**
   * The folder, good until the end of this turn, or the next call; undefined for one that is too deep.
   * @throws the error of the operating system.
   */
  enter(segments: readonly string[]): HeldFolder | undefined {
    if (this.#held.size + segments.length > bounds.foldersAtHand) this.#letGo();
    if (segments.length > bounds.foldersAtHand) return undefined;
    let folder = this.#confinement.root;
    let path = '';
    for (const segment of segments) {
      path = `${path}/${segment}`;
      folder = this.#held.get(path) ?? this.#hold(path, this.#confinement.childNow(folder, segment));
    }
    return folder;
  }

  #hold(path: string, folder: HeldFolder): HeldFolder {
    if (this.#held.size === 0) this.#nextTurn(() => this.#letGo());
    this.#held.set(path, folder);
    return folder;
  }

  #letGo(): void {
    for (const folder of this.#held.values()) folder.closeNow();
    this.#held.clear();
  }
}
