import { afterAll, beforeAll, onTestFinished } from 'vitest';

type Undo = () => void | Promise<void>;

let collecting: Undo[] | undefined;

/** Runs `undo` when the test has finished, or what `shared` makes is not needed any more; the last one first. */
export function cleanUp(undo: Undo): void {
  if (collecting === undefined) onTestFinished(undo);
  else collecting.push(undo);
}

/** Makes something once for all tests of a file or `describe` that do not change it. Call the result inside of a test. */
export function shared<T>(make: () => Promise<T>): () => T {
  const undos: Undo[] = [];
  let made: { readonly value: T } | undefined;
  beforeAll(async () => {
    collecting = undos;
    try {
      made = { value: await make() };
    } finally {
      collecting = undefined;
    }
  });
  afterAll(async () => {
    for (const undo of undos.reverse()) await undo();
  });
  return () => {
    if (made === undefined) throw new Error('only inside of a test');
    return made.value;
  };
}

/** Does `work`, outside of a test or in one, and takes back what was made meanwhile; one at a time. */
export async function undoing<T>(work: () => Promise<T>): Promise<T> {
  const outer = collecting;
  const undos: Undo[] = [];
  collecting = undos;
  try {
    return await work();
  } finally {
    collecting = outer;
    for (const undo of undos.reverse()) await undo();
  }
}
