import { onTestFinished, vi } from 'vitest';
import { slabs } from '../slab-pool.js';

/**
 * Counts the pooled buffers that are out, and overwrites each as it comes back: whoever still looks at it, or writes it
 * to a socket, moves rubbish and no digest will agree.
 */
export class SlabWatch {
  readonly #out = new Set<Buffer>();
  #most = 0;
  #onEmpty: (() => void)[] = [];

  constructor() {
    const take = slabs.take.bind(slabs);
    const put = slabs.put.bind(slabs);
    const taking = vi.spyOn(slabs, 'take').mockImplementation((use) => {
      const slab = take(use);
      this.#out.add(slab.buffer);
      this.#most = Math.max(this.#most, this.#out.size);
      return slab;
    });
    const putting = vi.spyOn(slabs, 'put').mockImplementation((buffer, home) => {
      // Some may have been taken before this watch began.
      this.#out.delete(buffer);
      buffer.fill(0xee);
      put(buffer, home);
      if (this.#out.size === 0) for (const resolve of this.#onEmpty.splice(0)) resolve();
    });
    onTestFinished(() => {
      taking.mockRestore();
      putting.mockRestore();
    });
  }

  get out(): number {
    return this.#out.size;
  }

  /** The most that were out at once. */
  get most(): number {
    return this.#most;
  }

  /** Resolves when all are back. */
  async allBack(): Promise<void> {
    while (this.#out.size > 0) await new Promise<void>((resolve) => this.#onEmpty.push(resolve));
  }
}
