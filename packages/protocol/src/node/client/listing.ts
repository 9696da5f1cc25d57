import { FilexError } from '../../errors.js';
import type { Entry } from '../../vocabulary.js';
import { MAX_LISTING_ENTRIES } from '../bounds.js';
import type { ListOptions } from '../types.js';
import { Answer, operationError, resetStream } from './answer.js';
import type { ClientContext } from './context.js';
import { onAbort } from './on-abort.js';

interface Page {
  readonly entries: readonly Entry[];
  /** Bytes of credit it holds until it was read. */
  readonly size: number;
}

/** Lists a folder. Pages wait, under credit, until the caller asks for them; leaving the loop early cancels the rest. */
export async function* list(
  context: ClientContext,
  path: string,
  options: ListOptions,
): AsyncGenerator<Entry> {
  const { recursive = false, signal, maxListingEntries = MAX_LISTING_ENTRIES } = options;
  let count = 0;
  try {
    for await (const page of pagesOf(context, path, recursive, signal)) {
      // A page without entries counts too: there could be no end of these either.
      count += Math.max(1, page.length);
      if (count > maxListingEntries) {
        const words = `the server lists more than ${maxListingEntries} entries (maxListingEntries)`;
        throw new FilexError('TOO_LARGE', words, { path });
      }
      for (const entry of page) {
        checkEntry(entry, path, recursive);
        yield entry;
        signal?.throwIfAborted();
      }
    }
  } catch (error) {
    throw operationError(error, signal, path);
  }
}

async function* pagesOf(
  context: ClientContext,
  path: string,
  recursive: boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Entry[]> {
  const { driver } = context;
  const answer = new Answer(path, () => false);
  const pages: Page[] = [];
  let wake = (): void => undefined;
  const stream = await context.open(
    { operation: 'list', path, recursive },
    () => ({
      onEvent: (event) => {
        if (event.type === 'entries') pages.push(event);
        else answer.take(event);
        wake();
      },
      onLost: (error) => {
        answer.lose(error);
        wake();
      },
    }),
    signal,
  );
  const stopListening = onAbort(signal, () => {
    resetStream(driver, stream, 'CANCELLED');
    answer.cancel();
    wake();
  });
  try {
    for (;;) {
      signal?.throwIfAborted();
      const page = pages.shift();
      if (page !== undefined) {
        driver.consume(stream, page.size);
        yield page.entries;
      } else if (answer.given) {
        await answer.settled;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    stopListening();
    for (const page of pages.splice(0)) driver.consume(stream, page.size);
    resetStream(driver, stream, 'CANCELLED');
  }
}

/** The codec has refused paths that lead elsewhere; these are valid paths that do not belong in this listing. */
function checkEntry(entry: Entry, path: string, recursive: boolean): void {
  if (entry.path !== '' && (recursive || !entry.path.includes('/'))) return;
  const name = JSON.stringify(entry.path);
  throw new FilexError('STATE_VIOLATION', `the server listed ${name}, which was not asked for`, { path });
}
