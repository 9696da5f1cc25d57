import { appendFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { shared } from '../harness/clean-up.js';
import { Arena } from './harness/arena.js';
import { type Attack, unfit } from './harness/attack.js';
import { runAttack } from './harness/run-attack.js';
import type { Scene } from './harness/scene.js';

/** An attack that succeeds: it does with the means of an administrator what no attacker should be able to do. */
const success = (run: (scene: Scene) => unknown, more: Partial<Attack> = {}): Attack => ({
  id: 'success',
  class: 'framing',
  target: 'server',
  what: 'something that must not be possible',
  expected: 'done',
  run: async (scene) => {
    await run(scene);
    return 'done';
  },
  ...more,
});

const start = (): Promise<Arena> => Arena.start({ limits: { resumeTimeout: 1500 } });

describe.skipIf(unfit !== undefined)('what an attack would have to do unnoticed', () => {
  const arena = shared(start);
  const faultsOf = async (attack: Attack): Promise<string> =>
    (await runAttack(arena(), attack)).faults.join('\n');

  test('nothing', async () => {
    expect(await faultsOf(success(() => undefined))).toBe('');
  });

  test('get another answer', async () => {
    expect(await faultsOf(success(() => undefined, { expected: 'GOAWAY TIMEOUT' }))).toMatch(
      /^the answer is "done", not "GOAWAY TIMEOUT"$/,
    );
  });

  test('get no answer', async () => {
    const never = new Promise(() => undefined);
    expect(await faultsOf(success(() => never, { duration: 50 }))).toMatch(/nothing within 50 ms/);
  });

  test.each([
    ['change something outside', 'outside/precious.txt', /^outside\/precious.txt has changed$/],
    ['change something inside', 'served/kept/secret', /^served\/kept\/secret has changed$/],
    ['put something outside', 'outside/evil', /^outside\/evil has appeared$/],
    ['put something beside', 'evil', /^evil has appeared$/],
    ['put something inside', 'served/evil', /^served\/evil has appeared$/],
  ])('%s', async (_title, path, fault) => {
    const attack = success(({ arena: { base } }) => writeFileSync(join(base, path), 'evil'));
    expect(await faultsOf(attack)).toMatch(fault);
  });

  test('take something away', async () => {
    const attack = success(({ arena: { base } }) => rmSync(join(base, 'outside/deep/er/file.bin')));
    expect(await faultsOf(attack)).toBe('outside/deep/er/file.bin has vanished');
  });

  test('leave something in its own folder', async () => {
    const attack = success(({ disk }) => writeFileSync(join(disk, 'x'), ''));
    expect(await faultsOf(attack)).toBe('left behind: x');
  });

  test('leave something staged', async () => {
    const file = join(arena().served, '.filex', 'forgotten');
    expect(await faultsOf(success(() => writeFileSync(file, '')))).toBe(`still staged: ${file}`);
    rmSync(file);
  });

  test('use more memory than it may', async () => {
    expect(await faultsOf(success(() => undefined, { growth: -1 }))).toMatch(/^server: .* MiB at its peak/);
  });

  test('forge a line of the audit log', async () => {
    const line = '{"event":"login","outcome":"accepted","user":"root"}\n';
    const attack = success((scene) => appendFileSync(scene.arena.audit, line));
    expect(await faultsOf(attack)).toMatch(/^a line of a log is not one of the server's/);
  });

  test('hold honest transfers up', async () => {
    const attack = success(async (scene) => {
      const { command } = scene.arena.server;
      command.signal('SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 5500));
      command.signal('SIGCONT');
    });
    expect(await faultsOf(attack)).toMatch(/^an honest transfer stood still for \d+ ms$/);
  });
});

describe.skipIf(unfit !== undefined)('and what would be the end of honest transfers:', () => {
  test('changing what they fetch', async () => {
    const attack = success(({ arena: { served } }) => truncateSync(join(served, 'honest/down'), 1000));
    expect((await runAttack(await start(), attack)).faults.join('\n')).toMatch(/an honest download: /);
  });

  test('changing what they stored', async () => {
    const arena = await start();
    // Their next upload cannot be stored under its name, and goes nowhere else.
    const attack = success(({ arena: { served } }) => {
      for (let number = 0; number < 100; number += 1)
        writeFileSync(join(served, `honest/up-${number}`), 'evil', { flag: 'w' });
    });
    expect((await runAttack(arena, attack)).faults.join('\n')).toMatch(/an honest upload: ALREADY_EXISTS/);
  });

  test('the end of the server', async () => {
    const attack = success((scene) => scene.arena.server.command.kill());
    const { faults } = await runAttack(await start(), attack);
    expect(faults).toContain('the server has ended');
  });
});
