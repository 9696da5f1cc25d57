import { FilexError, type FilexUrl, formatUrl, visibleText } from '@filex/protocol';
import type { Reached } from '../../access/session-opener.js';
import type { Context } from '../../context.js';
import { hintFor } from '../../errors.js';
import { RecentServers } from '../../state/recent-servers.js';
import type { Prompter, Suggestion } from './prompter.js';
import { parseServer, shortServer } from './server-address.js';
import { wizardQuestions } from './wizard-questions.js';

/** Asks for a server until one answers, and remembers it. */
export async function chooseServer(context: Context, ask: Prompter): Promise<Reached> {
  const recent = new RecentServers(context.io.stateDirectory());
  const known = suggestionsOf(await recent.read());
  for (;;) {
    const typed = await ask.text({
      message: 'Which server?',
      placeholder: `${known[0]?.value ?? 'localhost'} (or host, host:port, address)`,
      suggestions: (text) => known.filter(({ value }) => value.startsWith(text.trim())),
      fault: (answer) => faultOf(answer),
    });
    const url = parseServer(typed);
    const reached = await connect(context, ask, url);
    if (reached === undefined) continue;
    await remember(context, recent, reached.url);
    return reached;
  }
}

/** The last ones, and always this machine. */
function suggestionsOf(addresses: readonly string[]): Suggestion[] {
  const last = addresses
    .filter((address) => faultOf(address) === undefined)
    .map((address) => shortServer(parseServer(address)));
  return [...new Set([...last, 'localhost'])].map((value, index) => ({
    value,
    label: visibleText(value),
    hint: index < last.length ? (index === 0 ? 'last used' : undefined) : 'this machine',
  }));
}

function faultOf(answer: string): string | undefined {
  try {
    parseServer(answer);
    return undefined;
  } catch (error) {
    if (!(error instanceof FilexError)) throw error;
    return 'Type a host, host:port, or an address such as filex://host:12345';
  }
}

async function connect(context: Context, ask: Prompter, url: FilexUrl): Promise<Reached | undefined> {
  const connecting = (): (() => void) => ask.busy(`Connecting to ${visibleText(shortServer(url))} …`);
  let done = connecting();
  const questions = wizardQuestions(ask, () => {
    done();
    return () => {
      done = connecting();
    };
  });
  try {
    return await context.reach(url, questions, 'content');
  } catch (error) {
    if (context.signal.aborted || !(error instanceof FilexError)) throw error;
    done();
    ask.warn(`${visibleText(error.message)}\n${visibleText(hintFor(error))}`);
    return undefined;
  } finally {
    done();
  }
}

async function remember(context: Context, recent: RecentServers, url: FilexUrl): Promise<void> {
  try {
    await recent.add(formatUrl(url));
  } catch (error) {
    // Not being able to remember is no reason not to work.
    if (context.settings.verbose) context.note(`The server will not be remembered: ${String(error)}`);
  }
}
