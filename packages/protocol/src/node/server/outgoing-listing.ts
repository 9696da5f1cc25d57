import type { FilexError } from '../../errors.js';
import type { Entry } from '../../vocabulary.js';
import { entrySize } from '../../wire/messages.js';
import { PAGE_INTERVAL, PAGE_SIZE } from '../bounds.js';
import { Driver, type StreamEvent } from '../driver.js';
import { limitError } from './limit-error.js';
import { cancelled, type OperationRun, type RunningOperation, type Success } from './operation.js';
import type { Transfer } from './transfer-watch.js';

/** Bytes of the one field around the entries of a page. */
const PAGE_OVERHEAD = 4;

/** Sends a listing page by page, as credit allows: a slow reader stops the walk instead of filling memory. */
export function sendListing(run: OperationRun): RunningOperation {
  const { driver, stream, request, context, handler, maxListingEntries } = run;
  let stopped: FilexError | undefined;
  let wake: (() => void) | undefined;
  let written = 0;
  /** Where in all that the connection sends the last page ended. */
  let writtenAt = 0;
  const stop = (error: FilexError): void => {
    stopped ??= error;
    wake?.();
  };
  const listener = {
    onEvent: (event: StreamEvent): void => {
      if (event.type === 'reset') stop(cancelled(request.path));
    },
    onLost: stop,
  };

  /** Sends what fits of `page`, at least one entry; returns how many. */
  const write = (page: readonly Entry[]): Promise<number> =>
    new Promise((resolve) => {
      wake = () => resolve(0);
      if (stopped !== undefined) return wake();
      driver.requestRoom(stream, PAGE_OVERHEAD + entrySize(page[0] as Entry), (room) => {
        if (stopped !== undefined) return;
        let size = PAGE_OVERHEAD;
        let count = 0;
        for (const entry of page) {
          size += entrySize(entry);
          if (size > room) break;
          count += 1;
        }
        const before = driver.queued;
        driver.connection.writeEntries(stream, page.slice(0, count));
        writtenAt = driver.queued;
        written += writtenAt - before;
        resolve(count);
      });
    });

  const perform = async (): Promise<Success> => {
    let page: Entry[] = [];
    let size = 0;
    let count = 0;
    let since = Driver.now();
    const flush = async (): Promise<void> => {
      while (page.length > 0 && stopped === undefined) page = page.slice(await write(page));
      size = 0;
      since = Driver.now();
    };
    for await (const entry of handler.list(
      { path: request.path, recursive: request.recursive === true },
      context,
    )) {
      if (stopped !== undefined) throw stopped;
      count += 1;
      if (count > maxListingEntries) {
        const words = `the listing has more than ${maxListingEntries} entries`;
        throw limitError('maxListingEntries', 'TOO_LARGE', words);
      }
      page.push(entry);
      size += entrySize(entry);
      if (size >= PAGE_SIZE || Driver.now() - since >= PAGE_INTERVAL) await flush();
    }
    await flush();
    if (stopped !== undefined) throw stopped as FilexError;
    return { outcome: 'read', bytes: 0 };
  };
  const transfer: Transfer = {
    get moved() {
      return written;
    },
    get waitsForClient() {
      return driver.queued - driver.inFlight >= writtenAt && driver.lacksCredit(stream);
    },
    stop,
  };
  return { listener, done: perform(), transfer };
}
