import { onAbort } from './on-abort.js';

/**
 * Waits.
 * @throws the reason of `signal`, as soon as that aborts.
 */
export function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stopListening();
      resolve();
    }, milliseconds);
    const stopListening = onAbort(signal, () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/**
 * What `awaited` comes to.
 * @throws the reason of `signal`, if that aborts before.
 */
export function unlessAborted<T>(awaited: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopListening = onAbort(signal, () => reject(signal.reason));
    awaited.then(resolve, reject).finally(stopListening);
  });
}
