import { expect, test } from 'vitest';
import { spawnServer, startServer } from '../harness/server.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';

test('a port that is taken: exit 1, which port, and what to do', async () => {
  const first = await startServer();
  const second = spawnServer(folderIn(temporaryFolder(), 'served'), { port: first.port });
  const exit = await second.exited;
  expect(exit.code).toBe(1);
  expect(exit.stderr).toContain(`port ${first.port} is taken`);
  expect(exit.stderr).toMatch(/--port/);
  expect(exit.stdout).toBe('');
});

test('options that make no sense: exit 2 and which option', async () => {
  for (const [args, message] of [
    [['--port', 'many'], /--port/],
    [['--anonymous', 'everything'], /--anonymous/],
    [['--colour'], /--colour/],
  ] as const) {
    const exit = await spawnServer(temporaryFolder(), { args }).exited;
    expect(exit.code).toBe(2);
    expect(exit.stderr).toMatch(message);
    expect(exit.stdout).toBe('');
  }
});
