import { codes } from '../../codes.js';
import { type Effect, FilexError } from '../../errors.js';

/** Errors that a handler did not mean to tell: their text may hold anything, of paths to secrets. */
const unexpected = new WeakSet<FilexError>();

/** What a handler threw. Anything but a `FilexError` is a defect: `INTERNAL`, whose text stays on this machine. */
export function handlerError(value: unknown, effect: Effect = 'none'): FilexError {
  if (value instanceof FilexError) return value;
  const text = value instanceof Error ? value.message : String(value);
  const error = new FilexError('INTERNAL', text, { effect, cause: value });
  unexpected.add(error);
  return error;
}

/** Runs a call of a handler. @throws FilexError only. */
export async function callHandler<T>(call: () => T | Promise<T>, effect?: Effect): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw handlerError(error, effect);
  }
}

/** What the peer is told of an error in words. */
export function detailFor(error: FilexError): string {
  return unexpected.has(error) ? codes.INTERNAL.meaning : error.message;
}

/** The same error with another effect. */
export function withEffect(error: FilexError, effect: Effect): FilexError {
  if (error.effect === effect) return error;
  const { code, message, path, retry, cause } = error;
  const copy = new FilexError(code, message, { path, retry, cause, effect });
  if (unexpected.has(error)) unexpected.add(copy);
  return copy;
}
