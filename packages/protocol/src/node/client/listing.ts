import { FilexError } from '../../errors.js';
import type { Entry } from '../../vocabulary.js';
import type { ListOptions } from '../types.js';
import { Answer, cancelOnAbort, operationError } from './answer.js';
import type { ClientContext } from './context.js';

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
  const { recursive = false, signal } = options;
  const { driver } = context;
  const answer = new Answer(path);
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
        answer.lose(error, false);
        wake();
      },
    }),
    signal,
  );
  const stopListening = cancelOnAbort(driver, stream, signal);
  const consume = (page: Page): void => {
    driver.connection.consume(stream, page.size);
    driver.schedule();
  };
  try {
    for (;;) {
      const page = pages.shift();
      if (page !== undefined) {
        if (!driver.closed) consume(page);
        for (const entry of page.entries) {
          checkEntry(entry, path, recursive);
          yield entry;
        }
      } else if (answer.given) {
        await answer.settled;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } catch (error) {
    throw operationError(error, signal, path);
  } finally {
    stopListening();
    if (!driver.closed) {
      for (const page of pages.splice(0)) consume(page);
      driver.connection.reset(stream, 'CANCELLED');
      driver.schedule();
    }
  }
}

/** The codec has refused paths that lead elsewhere; these are valid paths that do not belong in this listing. */
function checkEntry(entry: Entry, path: string, recursive: boolean): void {
  if (entry.path !== '' && (recursive || !entry.path.includes('/'))) return;
  const name = JSON.stringify(entry.path);
  throw new FilexError('STATE_VIOLATION', `the server listed ${name}, which was not asked for`, { path });
}
