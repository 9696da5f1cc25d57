import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { Command } from '../harness/command.js';
import { visible } from '../harness/leftovers.js';
import { clientBin } from '../harness/paths.js';
import { startServer } from '../harness/server.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { keys, loadPty, Terminal } from '../harness/terminal.js';
import { makeTree } from '../harness/tree.js';

/** What a prompt shows last, when it has begun to listen. */
const question = (text: string): RegExp => new RegExp(`◆  ${text}[\\s\\S]*?(?:Enter accepts|confirm)`);

/** The wizard on a terminal, up to the question what to do. */
async function connected(pty: Exclude<Awaited<ReturnType<typeof loadPty>>, string>) {
  const server = await startServer();
  const folder = temporaryFolder();
  const cwd = makeTree(folderIn(folder, 'here'), { 'report.txt': 'a report', 'photos/a.jpg': 'a photo' });
  const env = { XDG_STATE_HOME: folderIn(folder, 'state') };
  const terminal = new Terminal(pty, [clientBin], { cwd, env });
  await terminal.shows(question('Which server\\?'));
  terminal.press(server.url(), keys.enter);
  await terminal.shows(question('What do you want to do\\?'));
  return { server, cwd, env, terminal };
}

/** Runs a command line as it was shown, in a shell that finds `filex-client`. */
function runShown(command: string, cwd: string) {
  const bin = temporaryFolder();
  const script = `#!/bin/sh\nexec '${process.execPath}' '${clientBin}' "$@"\n`;
  makeTree(bin, { 'filex-client': { content: script, executable: true } });
  const env = { PATH: `${bin}${delimiter}${process.env['PATH']}` };
  return new Command('/bin/sh', ['-c', command], { cwd, env }).exited;
}

test('asks for the address, uploads what is chosen, and ends with the command that does the same', async ({
  skip,
}) => {
  const pty = await loadPty();
  if (typeof pty === 'string') return skip(pty);
  const { server, cwd, terminal } = await connected(pty);
  terminal.press(keys.enter); // upload
  await terminal.shows(question('What do you want to upload\\?'));
  terminal.press('rep', keys.tab);
  await terminal.shows(/report\.txt/);
  terminal.press(keys.enter);
  await terminal.shows(question('Anything else\\?'));
  terminal.press('photos', keys.enter);
  await terminal.shows(question('Anything else\\?'));
  terminal.press(keys.enter);
  await terminal.shows(question('Into which folder of the server\\?'));
  terminal.press(keys.enter); // the top
  await terminal.shows(/✔ Uploaded +2 files/);
  const [, command] = await terminal.shows(/The same without questions\s+(.+)\n/);
  await terminal.shows(/Another one\?[\s\S]*?No/);
  terminal.press('n');
  expect(await terminal.exited).toBe(0);
  expect(visible(server.folder)).toEqual(['photos', 'photos/a.jpg', 'report.txt']);
  expect(readFileSync(join(server.folder, 'report.txt'), 'utf8')).toBe('a report');

  expect(command).toContain(`put -r report.txt photos ${server.url()}`);
  if (process.platform === 'win32') return;
  expect(await runShown(String(command), cwd)).toMatchObject({ code: 0 });
});

test('downloads what is chosen from the list, with sizes and a filter', async ({ skip }) => {
  const pty = await loadPty();
  if (typeof pty === 'string') return skip(pty);
  const { server, cwd, terminal } = await connected(pty);
  makeTree(server.folder, { 'one.txt': '1', 'docs/two.txt': '22', 'docs/three.txt': 'x'.repeat(2048) });
  terminal.press(keys.down, keys.enter); // download
  await terminal.shows(
    /What do you want to download\?[\s\S]*?docs\/three\.txt +2 KiB[\s\S]*?Type: to search/,
  );
  terminal.press('thr');
  await terminal.shows(/thr.? \(1 match\)/);
  terminal.press(keys.tab); // selects
  await terminal.shows(/◼ docs\/three\.txt/);
  terminal.press(keys.enter);
  await terminal.shows(question('Into which folder of this machine\\?'));
  terminal.press('new folder', keys.enter);
  await terminal.shows(/✔ Downloaded +1 file/);
  const [, command] = await terminal.shows(/The same without questions\s+(.+)\n/);
  await terminal.shows(/Another one\?[\s\S]*?No/);
  terminal.press('n');
  expect(await terminal.exited).toBe(0);
  expect(readFileSync(join(cwd, 'new folder/three.txt'), 'utf8')).toHaveLength(2048);

  if (process.platform === 'win32') return;
  const elsewhere = temporaryFolder();
  expect(await runShown(String(command), elsewhere)).toMatchObject({ code: 0 });
  expect(readFileSync(join(elsewhere, 'new folder/three.txt'), 'utf8')).toHaveLength(2048);
});

test('remembers the last server, and Ctrl-C leaves with exit 130', async ({ skip }) => {
  const pty = await loadPty();
  if (typeof pty === 'string') return skip(pty);
  const { server, cwd, env, terminal } = await connected(pty);
  terminal.press(keys.interrupt);
  expect(await terminal.exited).toBe(130);
  const again = new Terminal(pty, [clientBin], { cwd, env });
  await again.shows(new RegExp(`127\\.0\\.0\\.1:${server.port} +last used[\\s\\S]*?Enter accepts`));
  again.press(keys.down, keys.enter);
  await again.shows(question('What do you want to do\\?'));
  again.press(keys.interrupt);
  expect(await again.exited).toBe(130);
});

test('a server that does not answer is no dead end: it says why and asks again', async ({ skip }) => {
  const pty = await loadPty();
  if (typeof pty === 'string') return skip(pty);
  const server = await startServer();
  const cwd = temporaryFolder();
  const terminal = new Terminal(pty, [clientBin], { cwd, env: { XDG_STATE_HOME: cwd } });
  await terminal.shows(question('Which server\\?'));
  terminal.press('127.0.0.1:1', keys.enter);
  await terminal.shows(/nothing listens there/);
  await terminal.shows(question('Which server\\?'));
  terminal.press(server.url(), keys.enter);
  await terminal.shows(question('What do you want to do\\?'));
});
