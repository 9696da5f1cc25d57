import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compareTrees } from '../../examples/demo/verify.mjs';
import { Command } from '../harness/command.js';
import { repository } from '../harness/paths.js';
import { temporaryFolder } from '../harness/temporary.js';
import { loadPty, Terminal } from '../harness/terminal.js';
import { makeTree } from '../harness/tree.js';

const demo = join(repository, 'examples/demo/demo.mjs');

test('the demo exits 0, prints a table in which every byte is verified, and leaves nothing behind', async () => {
  const folder = temporaryFolder();
  const exit = await new Command(process.execPath, [demo], { env: { TMPDIR: folder } }).exited;
  expect(exit.code, exit.stderr).toBe(0);
  expect(exit.stdout).toMatch(/client +direction +tree +files +MB +seconds +MB\/s +verified\n/);
  expect(exit.stdout.match(/every byte$/gm)).toHaveLength(6);
  expect(exit.stdout).not.toContain('\x1b');
  expect(exit.stderr).toBe('');
  expect(readdirSync(folder)).toEqual([]);
});

test('on a terminal it shows a bar for each client; Ctrl-C ends it and cleans up', async ({ skip }) => {
  const pty = await loadPty();
  if (typeof pty === 'string') return skip(pty);
  const folder = temporaryFolder();
  const terminal = new Terminal(pty, [demo], { cwd: folder, env: { TMPDIR: folder } });
  for (const client of ['typescript', 'sources', 'mixture']) {
    await terminal.shows(new RegExp(`${client} +upload +━+ +\\d+ files`));
  }
  terminal.press('\x03');
  expect(await terminal.exited).toBe(130);
  expect(readdirSync(folder)).toEqual([]);
});

test('its comparison notices what is missing, extra, changed or of another time', () => {
  const folder = temporaryFolder();
  const tree = { a: 'a', 'b/c': 'c', 'd/': '' };
  const original = makeTree(join(folder, 'original'), tree);
  const copy = makeTree(join(folder, 'copy'), tree);
  expect(compareTrees(original, copy)).toEqual([]);
  for (const [spoiled, word] of [
    [{ 'b/c': 'c' }, 'missing'],
    [{ ...tree, extra: '' }, 'should not be there'],
    [{ ...tree, a: 'A' }, 'other content'],
    [{ ...tree, a: { content: 'a', executable: true } }, 'executable'],
    [{ ...tree, a: { content: 'a', mtime: new Date(0) } }, 'another time'],
  ] as const) {
    const other = makeTree(temporaryFolder(), spoiled);
    expect(compareTrees(original, other).join()).toContain(word);
  }
  writeFileSync(join(copy, 'b/c'), 'C');
  expect(compareTrees(original, copy)).toHaveLength(2);
});
