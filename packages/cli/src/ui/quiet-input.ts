import type { Io } from '../io.js';

const CTRL_C = 0x03;

/**
 * Keeps keys that are typed while nobody asks off the screen, and out of the next answer. Ctrl-C still interrupts.
 * @returns what ends it.
 */
export function quietInput({ stdin, interrupt }: Io): () => void {
  if (stdin.isTTY !== true || stdin.setRawMode === undefined) return () => undefined;
  const onData = (chunk: Buffer | string): void => {
    // In raw mode the terminal makes no signal of it.
    if (Buffer.from(chunk as Buffer).includes(CTRL_C)) interrupt();
  };
  stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.resume();
  let ended = false;
  return () => {
    if (ended) return;
    ended = true;
    stdin.off('data', onData);
    stdin.pause();
    stdin.setRawMode?.(false);
  };
}
