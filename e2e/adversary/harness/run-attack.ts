import { existsSync, readdirSync, rmSync } from 'node:fs';
import { staged } from '../../harness/leftovers.js';
import type { Arena } from './arena.js';
import { type Attack, bounds, type Row } from './attack.js';
import { changes, snapshot } from './canary.js';
import { MemoryWatch } from './memory.js';
import { Scene, Skipped } from './scene.js';

/** Milliseconds between two looks at what is staged. */
const LOOK = 50;

/**
 * Does one attack, while honest clients transfer, and judges all of it: the code that came back, the honest transfers, the
 * memory of the attacked process, what is on the disk, the log, and whether the server goes on.
 */
export async function runAttack(arena: Arena, attack: Attack): Promise<Row> {
  const faults: string[] = [];
  const scene = new Scene(arena, attack.id);
  const before = snapshot(arena.base, [...arena.theirs]);
  const clientBefore = snapshot(scene.client, ['dest', 'home']);
  await arena.honest.hold();
  const watch = new MemoryWatch(arena.server.command.pid);
  const begun = performance.now();
  const { got, skipped } = await attempt(attack, scene);
  const milliseconds = performance.now() - begun;
  await scene.end();
  watch.stop();
  const { bytes, gap } = await arena.honest.release();

  const expected = [attack.expected].flat();
  if (skipped === undefined && !expected.includes(got))
    faults.push(`the answer is "${got}", not "${expected.join('" or "')}"`);
  if (gap > bounds.gap) faults.push(`an honest transfer stood still for ${Math.round(gap)} ms`);
  if (arena.server.command.running) {
    await arena.honest.newcomer().catch((error: Error) => faults.push(error.message));
    await withoutLeftovers(arena).catch((error: Error) => faults.push(error.message));
  } else faults.push('the server has ended');
  faults.push(...arena.honest.faults());

  const peak = attack.target === 'server' ? watch.peak : scene.clientPeak;
  const bound = attack.target === 'server' ? watch.before + (attack.growth ?? bounds.growth) : bounds.client;
  if (peak > bound)
    faults.push(`${attack.target}: ${peak.toFixed(0)} MiB at its peak, bound ${bound.toFixed(0)}`);

  faults.push(...changes(before, snapshot(arena.base, [...arena.theirs])));
  faults.push(
    ...changes(clientBefore, snapshot(scene.client, ['dest', 'home'])).map((each) => `client: ${each}`),
  );
  const left = readdirSync(attack.target === 'server' ? scene.disk : scene.destination).sort();
  if (left.join() !== [...(attack.leaves ?? [])].sort().join())
    faults.push(`left behind: ${left.join(', ') || 'nothing'}`);
  faults.push(...forged(arena.takeLog(), isLogged), ...forged(arena.takeAudit(), isAudited));
  for (const folder of [scene.disk, scene.client]) rmSync(folder, { recursive: true, force: true });

  const { id, class: name, target, what } = attack;
  return {
    id,
    class: name,
    target,
    what,
    expected: expected.join(' | '),
    got,
    milliseconds,
    honest: bytes,
    peak,
    faults,
    ...(skipped === undefined ? {} : { skipped }),
  };
}

async function attempt(attack: Attack, scene: Scene): Promise<{ got: string; skipped?: string }> {
  const { duration = bounds.duration } = attack;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`nothing within ${duration} ms`), duration);
  });
  try {
    return { got: await Promise.race([attack.run(scene), late]) };
  } catch (error) {
    if (error instanceof Skipped) return { got: 'skipped', skipped: error.message };
    return { got: `error: ${(error as Error).message}` };
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until nothing is staged that was when the attack ended: honest uploads come and go. */
async function withoutLeftovers(arena: Arena): Promise<void> {
  const end = performance.now() + bounds.leftovers;
  let left = staged(arena.served);
  while (left.length > 0) {
    if (performance.now() > end) throw new Error(`still staged: ${left.join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK));
    left = left.filter((path) => existsSync(path));
  }
}

type Line = Readonly<Record<string, unknown>>;

const isLogged = ({ level, time, msg }: Line): boolean =>
  typeof level === 'number' && typeof time === 'number' && typeof msg === 'string' && msg !== 'forged';
const isAudited = ({ event, outcome, user }: Line): boolean =>
  typeof event === 'string' && typeof outcome === 'string' && user !== 'root';

/** Lines of a log that are not what the server itself has written. */
function forged(lines: readonly string[], isOurs: (line: Line) => boolean): string[] {
  return lines.flatMap((line) => {
    try {
      if (isOurs(JSON.parse(line) as Line)) return [];
    } catch {
      // As bad.
    }
    return [`a line of a log is not one of the server's: ${JSON.stringify(line.slice(0, 200))}`];
  });
}
