import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BLOCK_SIZE, FilexError } from '@filex/protocol';
import { LeavesFile } from '@filex/protocol/node';
import { describe, expect, it } from 'vitest';
import { bounds } from '../bounds.js';
import { stagingPlace } from '../state/transfers/transfer-record.js';
import { type FakeOptions, type FakeProcess, fakeProcess } from '../testing/fake-io.js';
import { MemorySession } from '../testing/memory-session.js';
import { temporaryFolder } from '../testing/temporary-folder.js';

const server = 'filex+tcp://h';
const big = Buffer.alloc(bounds.rememberedSize + 1, 'x');

/** A user's machine, where programs are run one after the other. */
function machine() {
  const top = temporaryFolder();
  const stateDirectory = join(top, 'state');
  const session = new MemorySession();
  const transfers = join(stateDirectory, 'transfers');
  return {
    top,
    session,
    stateDirectory,
    remembered: (): string[] => (existsSync(transfers) ? readdirSync(transfers) : []),
    process: (options: FakeOptions = {}): FakeProcess => fakeProcess({ session, stateDirectory, ...options }),
    plant: (...names: string[]): void => {
      for (const name of names) writeFileSync(join(top, name), big);
    },
    /** Runs `put`, and interrupts it when all its large files are under way. */
    interrupted: async (...words: string[]): Promise<void> => {
      const first = new MemorySession();
      const it = fakeProcess({ session: first, stateDirectory });
      let missing = words.length - 1;
      first.during = () => {
        missing -= 1;
        if (missing === 0) setImmediate(() => it.interrupt());
        return new Promise(() => undefined);
      };
      expect(await it.run('put', ...words)).toBe(130);
    },
  };
}

/** Breaks the last digest. */
function spoil(digests: string): void {
  const bytes = readFileSync(digests);
  bytes[bytes.length - 20] = (bytes.at(-20) as number) ^ 1;
  writeFileSync(digests, bytes);
}

/** Puts something there that is no file. */
function block(digests: string): void {
  mkdirSync(digests);
}

describe('an interrupted upload', () => {
  it('hangs up instead of giving up, says how to go on, and goes on with the same id', async () => {
    const { top, plant, interrupted, process, session, remembered } = machine();
    plant('a');
    await interrupted(join(top, 'a'), server);
    expect(remembered()).toHaveLength(1);
    const it = process();
    expect(await it.run('put', join(top, 'a'), server)).toBe(0);
    expect(session.attempts).toEqual([{ operationId: expect.any(String), earlierAttempts: 1 }]);
    expect(remembered()).toEqual([]);
  });

  it('of a small file is not remembered', async () => {
    const { top, process, session, remembered } = machine();
    writeFileSync(join(top, 'small'), 'x');
    session.before = (operation) => {
      if (operation === 'upload') throw new FilexError('CONNECTION_LOST');
    };
    expect(await process().run('put', join(top, 'small'), server)).toBe(5);
    expect(existsSync(join(top, 'state'))).toBe(false);
    expect(remembered()).toEqual([]);
  });
});

describe('resume', () => {
  it('lists, and only lists when nobody can be asked', async () => {
    const { top, plant, interrupted, process, session } = machine();
    plant('a', 'b');
    await interrupted(join(top, 'a'), join(top, 'b'), server);
    const it = process();
    expect(await it.run('resume')).toBe(0);
    const lines = it.stdout().trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line).toMatch(/^[12] {2}[0-9a-f]{8} {2}\d{4}-.* 1 MiB .*[ab] -> filex\+tcp:\/\/h:12345\/[ab]$/);
    }
    expect(it.stderr()).toContain('2 interrupted transfers');
    expect(session.log).toEqual([]);
    expect(it.connected).toEqual([]);
  });

  it('--json lists events with the command that goes on, and the command it was a part of', async () => {
    const { top, plant, interrupted, process } = machine();
    plant('a', 'b');
    const words = [join(top, 'a'), join(top, 'b'), server];
    await interrupted(...words);
    const it = process();
    expect(await it.run('resume', '--json')).toBe(0);
    const events = it.events();
    expect(events).toHaveLength(3);
    for (const one of events.slice(0, 2)) {
      const { local, remote } = one as { local: string; remote: string };
      expect(one).toMatchObject({
        v: 1,
        event: 'interrupted',
        direction: 'upload',
        size: big.length,
        attempts: 1,
        command: ['put', local, `filex+tcp://h:12345/${remote}`],
        origin: { words: ['put', ...words] },
      });
    }
    expect(events.at(-1)).toEqual({ v: 1, event: 'summary', exit: 0, interrupted: 2 });
  });

  it.each([
    ['digests of two blocks', 2, 3, (digests: string) => digests, 2],
    ['a part that is shorter', 2, 1, (digests: string) => digests, 1],
    ['nothing', 0, 0, (digests: string) => digests, 0],
    ['a digest that is damaged', 2, 3, spoil, 1],
    ['what cannot be read', 0, 3, block, undefined],
  ])('tells how much is here of a download: %s', async (_, blocks, length, change, safe) => {
    const { top, remembered, process, stateDirectory } = machine();
    const first = new MemorySession().add('a', 'x'.repeat(3 * BLOCK_SIZE + 5));
    const it = fakeProcess({ session: first, stateDirectory });
    first.before = (operation) => {
      if (operation !== 'download') return;
      setImmediate(() => it.interrupt());
      return new Promise(() => undefined);
    };
    expect(await it.run('get', `${server}/a`, top)).toBe(130);
    const [name = ''] = remembered();
    const id = name.replace(/\.json$/, '');
    const { part, digests } = stagingPlace(join(stateDirectory, 'transfers'), id, join(top, 'a'));
    const leaves = new LeavesFile(digests, 0);
    for (let i = 0; i < blocks; i += 1) await leaves.append(Buffer.alloc(32, i));
    await leaves.park();
    writeFileSync(part, Buffer.alloc(length * BLOCK_SIZE));
    change(digests);
    const list = process();
    expect(await list.run('resume', '--json')).toBe(0);
    const [one] = list.events();
    expect(one).toMatchObject({ event: 'interrupted', direction: 'download' });
    expect(one?.['safe']).toBe(safe === undefined ? undefined : safe * BLOCK_SIZE);
  });

  it('--all goes on with all, and names the command for the rest', async () => {
    const { top, plant, interrupted, process, session, remembered } = machine();
    plant('a', 'b');
    await interrupted(join(top, 'a'), join(top, 'b'), server);
    const it = process();
    expect(await it.run('resume', '--all')).toBe(0);
    expect([...session.nodes.keys()].sort()).toEqual(['a', 'b']);
    expect(session.attempts.map(({ earlierAttempts }) => earlierAttempts)).toEqual([1, 1]);
    expect(it.stderr()).toMatch(/For the rest, run the same command again:\n.*filex-client put /);
    expect(remembered()).toEqual([]);
  });

  it('goes on with those that are named, by the beginning of their IDs', async () => {
    const { top, plant, interrupted, process, session, remembered } = machine();
    plant('a', 'b');
    await interrupted(join(top, 'a'), join(top, 'b'), server);
    const [name = ''] = remembered();
    expect(await process().run('resume', name.slice(0, 8))).toBe(0);
    expect(session.nodes.size).toBe(1);
    expect(remembered()).toHaveLength(1);
  });

  it.each([['0000'], ['x'], ['']])('%j is no ID', async (id) => {
    const { process } = machine();
    const it = process();
    expect(await it.run('resume', id)).toBe(2);
    expect(it.stderr()).toContain('names no interrupted transfer');
  });

  it('asks on a terminal', async () => {
    const { top, plant, interrupted, process, session } = machine();
    plant('a', 'b');
    await interrupted(join(top, 'a'), join(top, 'b'), server);
    const none = process({ terminal: true, stdin: [Buffer.from('\n')] });
    expect(await none.run('resume')).toBe(0);
    expect(session.nodes.size).toBe(0);
    const it = process({ terminal: true, stdin: [Buffer.from('9\n'), Buffer.from('2\n')] });
    expect(await it.run('resume')).toBe(0);
    expect(it.stderr()).toContain('Type numbers from 1 to 2, or all.');
    expect(session.nodes.size).toBe(1);
  });

  it('--forget gives up what is named, or all, and nothing by itself', async () => {
    const { top, plant, interrupted, process, remembered } = machine();
    plant('a', 'b');
    await interrupted(join(top, 'a'), join(top, 'b'), server);
    expect(await process().run('resume', '--forget')).toBe(2);
    expect(await process().run('resume', '--forget', (remembered()[0] ?? '').slice(0, 8))).toBe(0);
    expect(remembered()).toHaveLength(1);
    expect(await process().run('resume', '--forget', '--all')).toBe(0);
    expect(remembered()).toEqual([]);
    expect(await process().run('resume', '--all', 'abcd')).toBe(2);
  });

  it('forgets what has failed for good, and says so', async () => {
    const { top, plant, interrupted, process, session, remembered } = machine();
    plant('a');
    await interrupted(join(top, 'a'), server);
    session.add('a', 'something else');
    const it = process();
    expect(await it.run('resume', '--all')).toBe(11);
    expect(remembered()).toEqual([]);
  });
});
