// `npm run demo`: one server, three clients that upload and download real trees at the same time, every byte checked.
// Everything happens in a temporary folder, which is removed at the end. Exit code 0 means that all is as it should be.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runClient, startServer, stopAll } from './processes.mjs';
import { createScreen } from './screen.mjs';
import { summaryTable } from './table.mjs';
import { makeTrees } from './trees.mjs';
import { compareTrees } from './verify.mjs';

const folder = mkdtempSync(join(tmpdir(), 'filex-demo-'));
const screen = createScreen(process.stdout, process.env);

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.once(signal, () => stop(code));
}
// Nobody reads any more, as with `npm run demo | head`.
process.stdout.once('error', () => stop(1));

let stopping = false;

async function stop(code) {
  stopping = true;
  screen.close();
  await cleanUp();
  process.exit(code);
}

async function cleanUp() {
  await stopAll();
  rmSync(folder, { recursive: true, force: true });
}

/** One client: uploads its tree, then downloads it into a folder of its own. Returns a row for each direction. */
async function client({ name, tree, label }, server) {
  const rows = [];
  const got = join(folder, 'downloaded', name);
  mkdirSync(got, { recursive: true });
  for (const { direction, words, copy } of [
    { direction: 'upload', words: ['put', '-r', tree, server.url], copy: join(server.folder, name) },
    { direction: 'download', words: ['get', '-r', server.at(name), got], copy: join(got, name) },
  ]) {
    const lane = screen.lane(name, direction);
    const summary = await runClient(server, words, (progress) => lane.progress(progress));
    lane.end(summary);
    const { files, bytes, seconds } = summary;
    rows.push({ name, direction, label, seconds, files: files.created, bytes, tree, copy });
  }
  return rows;
}

try {
  screen.say('Making trees to move …');
  const trees = makeTrees(join(folder, 'trees'));
  const served = join(folder, 'served');
  const server = { ...(await startServer(served, join(folder, 'home'))), folder: served };
  screen.say(`A server listens at ${server.url}`);
  screen.say(`Three clients upload and download at the same time:\n`);
  const rows = (await Promise.all(trees.map((tree) => client(tree, server)))).flat();
  screen.close();

  screen.say('\nComparing every file with its original, byte by byte …\n');
  for (const row of rows) row.differences = compareTrees(row.tree, row.copy);
  screen.say(summaryTable(rows, screen.style));
  const wrong = rows.flatMap(({ differences }) => differences);
  for (const difference of wrong.slice(0, 20)) screen.say(`  ${difference}`);
  screen.say(
    wrong.length === 0
      ? `\n${screen.style.good('✔')} Nothing lost, nothing half, nothing wrong.`
      : `\n${screen.style.bad('✘')} ${wrong.length} differences.`,
  );
  process.exitCode = wrong.length === 0 ? 0 : 1;
} catch (error) {
  // What ends because of a stop is no failure.
  if (!stopping) {
    screen.close();
    console.error(error.message);
    process.exitCode = 1;
  }
} finally {
  await cleanUp();
}
