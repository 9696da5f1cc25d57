import { digestAlgorithms } from '@filex/protocol';
import type { Command } from 'commander';
import { bounds } from './bounds.js';
import type { Context } from './context.js';
import {
  addTransferOptions,
  dryRunOption,
  durabilityOption,
  integer,
  option,
  policyOption,
  transfersOption,
} from './options.js';

const patterns = `
Patterns are compared with names at any depth, or, with a / in them, with the path below SRC; one that ends in / is for
folders only. The last pattern that matches a file, or a folder it is in, decides. When the first is an --include, what
nothing matches is left out.`;

const verdicts = `
Exit codes: 0 all good; 12 a receipt is not what was signed, or a file not what was received; 13 a receipt is signed with a key
that is not known for its server. A folder is compared with the last receipt of each path.`;

/** Runs what a verb does, with the settings of its command line. */
export type Perform = (work: (context: Context) => Promise<number>) => Promise<void>;

/**
 * Every verb by its name, in the order of the help: what adds it, with its arguments and options, to a program. What a verb
 * does is only loaded when it is asked for.
 */
export const verbs: Readonly<Record<string, (program: Command, perform: Perform) => void>> = {
  put(program, perform) {
    const put = program
      .command('put')
      .description('upload files and folders')
      .usage('[options] <src...> <url>')
      .argument(
        '<src...>',
        'what to upload; - is standard input. Then where to: a folder, or the name of the one file',
      )
      .addHelpText('after', patterns);
    addTransferOptions(put);
    put
      .addOption(
        option('--follow', 'transfer what symlinks point to, instead of skipping them', 'FILEX_FOLLOW'),
      )
      .addOption(
        option(
          '--receipts <file>',
          'add to this file what the server signs for each file that it has stored; see `verify`',
          'FILEX_RECEIPTS',
        ),
      )
      .action((words: string[], options) =>
        perform(async (context) => (await import('./commands/put.js')).put(context, words, options)),
      );
  },
  get(program, perform) {
    const get = program
      .command('get')
      .description('download files and folders')
      .usage('[options] <url...> [dest]')
      .argument(
        '<url...>',
        'what to download. Then where to: a folder, the name of the one file, or - (default: .)',
      )
      .addHelpText('after', patterns);
    addTransferOptions(get);
    get
      .addOption(durabilityOption())
      .action((words: string[], options) =>
        perform(async (context) => (await import('./commands/get.js')).get(context, words, options)),
      );
  },
  resume(program, perform) {
    program
      .command('resume')
      .description('go on with what was interrupted')
      .argument('[id...]', 'which; without any it lists all, and asks on a terminal')
      .addOption(option('--all', 'all of them'))
      .addOption(option('--forget', 'give them up instead, with what is there of them on this machine'))
      .addOption(transfersOption())
      .action((ids: string[], options) =>
        perform(async (context) => (await import('./commands/resume.js')).resume(context, ids, options)),
      );
  },
  ls(program, perform) {
    program
      .command('ls')
      .description('list a folder')
      .argument('<url...>')
      .addOption(option('-l, --long', 'with size and time', 'FILEX_LONG'))
      .addOption(option('-r, --recursive', 'with all that is below', 'FILEX_RECURSIVE'))
      .action((urls: string[], options) =>
        perform(async (context) => (await import('./commands/ls.js')).ls(context, urls, options)),
      );
  },
  stat(program, perform) {
    program
      .command('stat')
      .description('tell all about a file or folder')
      .argument('<url...>')
      .action((urls: string[]) =>
        perform(async (context) => (await import('./commands/stat.js')).stat(context, urls)),
      );
  },
  cat(program, perform) {
    program
      .command('cat')
      .description('write files to standard output')
      .argument('<url...>')
      .action((urls: string[]) =>
        perform(async (context) => (await import('./commands/cat.js')).cat(context, urls)),
      );
  },
  mkdir(program, perform) {
    program
      .command('mkdir')
      .description('make folders')
      .argument('<url...>')
      .addOption(option('-p, --parents', 'missing parents too; no error when it is there', 'FILEX_PARENTS'))
      .addOption(dryRunOption())
      .action((urls: string[], options) =>
        perform(async (context) => (await import('./commands/mkdir.js')).mkdir(context, urls, options)),
      );
  },
  mv(program, perform) {
    program
      .command('mv')
      .description('rename or move on the server')
      .argument('<src>', 'an address')
      .argument(
        '<dst>',
        'an address on the same server, or a path from its root; an existing folder: into it',
      )
      .addOption(policyOption(['fail', 'skip', 'overwrite']))
      .addOption(dryRunOption())
      .action((from: string, to: string, options) =>
        perform(async (context) => (await import('./commands/mv.js')).mv(context, from, to, options)),
      );
  },
  rm(program, perform) {
    program
      .command('rm')
      .description('remove files and folders')
      .argument('<url...>')
      // Not from the environment: a forgotten variable must not remove a tree.
      .addOption(option('-r, --recursive', 'folders with all that is in them'))
      .addOption(option('-f, --force', 'no error for what is not there'))
      .addOption(dryRunOption())
      .action((urls: string[], options) =>
        perform(async (context) => (await import('./commands/rm.js')).rm(context, urls, options)),
      );
  },
  sum(program, perform) {
    program
      .command('sum')
      .description('print the digests of files, here or on a server; compare a folder with one of a server')
      .argument('<what...>', 'paths and addresses')
      .addOption(option('-r, --recursive', 'folders with all that is in them', 'FILEX_RECURSIVE'))
      .addOption(
        option(
          '--compare',
          'print what differs between a PATH and a URL instead: exit 0 when nothing does, else 12',
        ),
      )
      .addOption(
        option('--algorithm <name>', 'which digest (default: the best that all have)').choices(
          digestAlgorithms.filter((name) => name !== undefined),
        ),
      )
      .action((what: string[], options) =>
        perform(async (context) => (await import('./commands/sum.js')).sum(context, what, options)),
      );
  },
  verify(program, perform) {
    program
      .command('verify')
      .description('check receipts that `put --receipts` has written, without the server')
      .argument('<receipts>', 'the file with the receipts')
      .argument('[what]', 'a file, or a folder that was uploaded, to be compared with them')
      .addOption(
        option(
          '--fp <fingerprint>',
          'the key of the server, sha256:… (default: one that is known for it)',
          'FILEX_FP',
        ),
      )
      .addHelpText('after', verdicts)
      .action((receipts: string, what: string | undefined, options) =>
        perform(async (context) =>
          (await import('./commands/verify.js')).verify(context, receipts, what, options),
        ),
      );
  },
  ping(program, perform) {
    program
      .command('ping')
      .description('measure the round trip to the server')
      .argument('<url>')
      .addOption(
        option('-c, --count <n>', 'how many times', 'FILEX_COUNT')
          .argParser(integer('the count', 1, bounds.maxPings))
          .default(4),
      )
      .action((url: string, options) =>
        perform(async (context) => (await import('./commands/ping.js')).ping(context, url, options)),
      );
  },
};
