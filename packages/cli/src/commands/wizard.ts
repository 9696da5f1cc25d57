import { FilexError, visibleText } from '@filex/protocol';
import type { Context } from '../context.js';
import { exits, hintFor, isFatal, UsageError } from '../errors.js';
import { chooseServer } from '../ui/wizard/choose-server.js';
import { Cancelled, type Prompter } from '../ui/wizard/prompter.js';
import { wizardDownload } from './wizard-download.js';
import { wizardUpload } from './wizard-upload.js';

const whatToPass =
  'Pass what to do instead, for example: put SRC… URL, get URL… DEST, ls URL. --help shows everything, with examples.';

/** Without a verb: asks for everything. */
export async function wizard(context: Context): Promise<number> {
  const { io, settings } = context;
  if (!settings.input) throw new UsageError(`--no-input forbids questions. ${whatToPass}`);
  if (settings.json) throw new UsageError(`--json and questions do not go together. ${whatToPass}`);
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) {
    throw new UsageError(`There is no terminal to ask questions on. ${whatToPass}`);
  }
  if (settings.passcodeStdin === true)
    throw new UsageError(
      '--passcode-stdin and questions do not go together: the wizard asks for the passcode.',
    );
  const { clackPrompter } = await import('../ui/wizard/clack-prompter.js');
  return runWizard(context, clackPrompter(context));
}

/** The conversation, whoever asks the questions. */
export async function runWizard(context: Context, ask: Prompter): Promise<number> {
  try {
    return await converse(context, ask);
  } catch (error) {
    if (!(error instanceof Cancelled) || context.late) throw error;
    ask.outro('Stopped.');
    return exits.interrupted;
  }
}

async function converse(context: Context, ask: Prompter): Promise<number> {
  ask.intro(context.colors.bold('FileX'));
  const { session, url } = await chooseServer(context, ask);
  let exit: number = exits.ok;
  for (;;) {
    const action = await ask.choose('What do you want to do?', [
      { value: 'upload', label: 'Upload', hint: 'from this machine to the server' },
      { value: 'download', label: 'Download', hint: 'from the server to this machine' },
      { value: 'leave', label: 'Leave' },
    ]);
    if (action === 'leave') break;
    const work = action === 'upload' ? wizardUpload : wizardDownload;
    try {
      exit = await work(context, ask, session, url);
    } catch (error) {
      if (!isAnswerable(error)) throw error;
      // Something in the answers does not work out; another answer may.
      ask.warn(
        error instanceof FilexError
          ? `${visibleText(error.message)}\n${visibleText(hintFor(error))}`
          : visibleText(error.message),
      );
      continue;
    }
    if (context.interrupted || exit === exits.retriesExhausted) return exit;
    if (!(await ask.confirm('Another one?'))) break;
  }
  ask.outro('Bye.');
  return exit;
}

function isAnswerable(error: unknown): error is UsageError | FilexError {
  return (
    error instanceof UsageError ||
    (error instanceof FilexError && error.code !== 'CANCELLED' && !isFatal(error))
  );
}
