// First, so that it is in place before anything keeps a function of node:fs.
import './install.js';

import fs, {
  appendFile,
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  fdatasyncSync,
  fstat,
  fstatSync,
  fsync,
  ftruncateSync,
  linkSync,
  lstat,
  lstatSync,
  mkdirSync,
  open,
  openSync,
  read,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statfsSync,
  unlink,
  unlinkSync,
  utimesSync,
  write,
  writeFile,
  writeFileSync,
  writeSync,
} from 'node:fs';
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createPublishingContext, StagedFile, stagingName } from '@filex/protocol/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openWithin, temporaryFolder } from '../../../testing/temporary-folder.js';
import { FaultInjector } from './fault-injector.js';
import type { Errno } from './file-call.js';
import { RebuiltDisk } from './rebuilt-disk.js';
import { Recorder } from './recorder.js';

const linux = process.platform === 'linux';
const root = temporaryFolder();
let count = 0;
const folder = (): string => {
  count += 1;
  const path = join(root, String(count));
  mkdirSync(path);
  return path;
};

/** The calls that work makes below the folder, as `kind /path`. */
async function callsOf(at: string, work: () => unknown): Promise<string[]> {
  const injector = new FaultInjector(at, { nth: 0, errno: 'EIO' });
  try {
    await work();
  } finally {
    injector.end();
  }
  return injector.calls;
}

// The kernel's names for descriptors are Linux'.
describe.runIf(linux)('a patched node:fs', () => {
  it('shows calls in every form', async () => {
    const at = folder();
    const a = join(at, 'a');
    expect(
      await callsOf(at, () => {
        const fd = openSync(a, 'w+');
        writeSync(fd, 'text');
        fdatasyncSync(fd);
        ftruncateSync(fd, 1);
        fstatSync(fd);
        closeSync(fd);
        chmodSync(a, 0o600);
        utimesSync(a, 1, 1);
        lstatSync(a);
        linkSync(a, join(at, 'b'));
        renameSync(join(at, 'b'), join(at, 'c'));
        unlinkSync(join(at, 'c'));
        mkdirSync(join(at, 'd'));
        rmdirSync(join(at, 'd'));
        statfsSync(at);
        readdirSync(at);
        readFileSync(a);
        writeFileSync(a, 'x');
        appendFileSync(a, 'y');
      }),
    ).toEqual([
      ...[
        'open',
        'write',
        'fdatasync',
        'ftruncate',
        'fstat',
        'close',
        'chmod',
        'utimes',
        'lstat',
        'link',
      ].map((kind) => `${kind} /a`),
      ...['rename /b', 'unlink /c', 'mkdir /d', 'rmdir /d', 'statfs ', 'readdir '],
      'readFile /a',
      ...['open /a', 'write /a', 'close /a', 'open /a', 'write /a', 'close /a'],
    ]);
    expect(fs.readFileSync(a, 'utf8')).toBe('xy');
  });

  it('shows them with callbacks and promisified, and keeps what these return', async () => {
    const at = folder();
    const a = join(at, 'a');
    const calls = await callsOf(at, async () => {
      const fd = await promisify(open)(a, constants.O_RDWR | constants.O_CREAT, 0o600);
      const bytes = Buffer.from('abc');
      // Node has a form of its own for these two.
      expect(await promisify(write)(fd, bytes, 0, 3, 0)).toMatchObject({ bytesWritten: 3 });
      expect(await promisify(read)(fd, Buffer.alloc(3), 0, 3, 0)).toMatchObject({ bytesRead: 3 });
      expect((await promisify(fstat)(fd, { bigint: true })).size).toBe(3n);
      await promisify(fsync)(fd);
      await promisify(fs.close)(fd);
      expect((await promisify(lstat)(a)).size).toBe(3);
      await promisify(writeFile)(a, 'x');
      await promisify(appendFile)(a, 'y', 'utf8');
      await promisify(unlink)(a);
    });
    const writing = ['open', 'write', 'close'];
    expect(calls).toEqual(
      ['open', 'write', 'read', 'fstat', 'fsync', 'close', 'lstat', ...writing, ...writing, 'unlink'].map(
        (kind) => `${kind} /a`,
      ),
    );
  });

  it('shows promises, handles and open folders', async () => {
    const at = folder();
    const a = join(at, 'a');
    const calls = await callsOf(at, async () => {
      const handle = await promises.open(a, 'wx+');
      await handle.write(Buffer.from('abc'));
      await handle.read(Buffer.alloc(1), 0, 1, 0);
      await handle.datasync();
      await handle.sync();
      await handle.truncate(1);
      await handle.stat();
      await handle.chmod(0o600);
      await handle.utimes(1, 1);
      await handle.appendFile('d');
      await handle.close();
      await handle.close(); // is closed already: no call
      await promises.writeFile(a, 'x');
      const dir = await promises.opendir(at);
      expect(await dir.read()).toMatchObject({ name: 'a' });
      expect(await dir.read()).toBe(null);
      await dir.close();
    });
    const first =
      'open write read fdatasync fsync ftruncate fstat fchmod futimes write close open write close';
    expect(calls).toEqual([
      ...first.split(' ').map((kind) => `${kind} /a`),
      ...['opendir ', 'readnames ', 'readnames ', 'closedir '],
    ]);
  });

  it('knows where paths by descriptor lead, and shows nothing of other folders', async () => {
    const at = folder();
    mkdirSync(join(at, 'old'));
    const other = folder();
    const fd = openSync(join(at, 'old'), constants.O_RDONLY);
    renameSync(join(at, 'old'), join(at, 'new'));
    const calls = await callsOf(at, async () => {
      await promises.writeFile(join(other, 'x'), 'x');
      await promises.mkdir(`/proc/self/fd/${fd}/inner`);
      await promises.rename(join(other, 'x'), `/proc/self/fd/${fd}/x`);
      await promises.lstat(Buffer.from(`/proc/${process.pid}/fd/${fd}/x`));
    });
    closeSync(fd);
    expect(calls).toEqual(['mkdir /new/inner', expect.stringMatching(/^rename .*x$/), 'lstat /new/x']);
  });

  it('reaches modules that keep the functions', async () => {
    const at = folder();
    const context = createPublishingContext();
    const calls = await callsOf(at, async () => {
      const staged = await StagedFile.create({ path: join(at, stagingName()), label: 'a', context });
      await staged.write(Buffer.from('a'));
      await staged.discard();
    });
    expect(calls.map((call) => call.split(' ')[0])).toEqual(['open', 'write', 'close', 'unlink']);
  });

  it.each<[Errno, number]>([
    ['ENOSPC', -28],
    ['EIO', -5],
    ['EMFILE', -24],
    ['EROFS', -30],
    ['EACCES', -13],
  ])('makes any one call fail with %s, and no other', async (code, errno) => {
    const work = async (at: string): Promise<unknown> => {
      const handle = await promises.open(join(at, 'a'), 'w');
      try {
        await handle.write('abc');
        writeFileSync(join(at, 'b'), 'b');
        await promisify(unlink)(join(at, 'b'));
      } finally {
        await handle.close();
      }
      return undefined;
    };
    const calls = await callsOf(folder(), () => work(join(root, String(count))));
    expect(calls).toHaveLength(7);
    for (let nth = 1; nth <= calls.length; nth += 1) {
      const at = folder();
      const injector = new FaultInjector(at, { nth, errno: code });
      await expect(work(at)).rejects.toMatchObject({ code, errno, syscall: calls[nth - 1]?.split(' ')[0] });
      injector.end();
      expect(injector.failed).toBe(calls[nth - 1]);
      expect(openWithin(at)).toEqual([]); // a `close` that fails has closed
      rmSync(at, { recursive: true });
      mkdirSync(at);
      await work(at);
    }
  });

  it('lets half of a write through, if told so, and then fails; or all from there on', async () => {
    const at = folder();
    const short = new FaultInjector(at, { nth: 1, errno: 'ENOSPC', kinds: ['write'], short: true });
    expect(() => writeFileSync(join(at, 'a'), 'abcdef')).toThrow('ENOSPC');
    short.end();
    expect(fs.readFileSync(join(at, 'a'), 'utf8')).toBe('abc');
    const lasting = new FaultInjector(at, { nth: 2, errno: 'ENOSPC', kinds: 'changing', lasting: true });
    mkdirSync(join(at, 'd'));
    readdirSync(at);
    expect(() => mkdirSync(join(at, 'e'))).toThrow('ENOSPC');
    expect(() => rmdirSync(join(at, 'd'))).toThrow('ENOSPC');
    lasting.end();
    rmdirSync(join(at, 'd'));
  });
});

describe.runIf(linux)('a Recorder', () => {
  it('writes down enough to make the same folder again, whatever is done', async () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd/a', 'd/b');
    const folders = fc.constantFrom('d', 'e', 'd/e');
    const step = fc.oneof(
      fc.tuple(fc.constant('write' as const), name, fc.uint8Array({ maxLength: 1500 }), fc.nat(1500)),
      fc.tuple(fc.constant('append' as const), name, fc.uint8Array({ maxLength: 600 })),
      fc.tuple(fc.constant('replace' as const), name, fc.uint8Array({ maxLength: 600 })),
      fc.tuple(fc.constant('truncate' as const), name, fc.nat(1500)),
      fc.tuple(fc.constant('link' as const), name, name),
      fc.tuple(fc.constant('rename' as const), fc.oneof(name, folders), fc.oneof(name, folders)),
      fc.tuple(fc.constant('unlink' as const), name),
      fc.tuple(fc.constant('mkdir' as const), folders),
      fc.tuple(fc.constant('rmdir' as const), folders),
    );
    type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
    const perform = async (at: string, s: Step): Promise<void> => {
      const path = join(at, s[1]);
      switch (s[0]) {
        case 'write': {
          const fd = await promisify(open)(path, constants.O_WRONLY | constants.O_CREAT);
          await promisify(write)(fd, s[2], 0, s[2].length, s[3]);
          return promisify(fs.close)(fd);
        }
        case 'append':
          return promises.appendFile(path, s[2]);
        case 'replace':
          return writeFileSync(path, s[2]);
        case 'truncate': {
          const handle = await promises.open(path, 'r+');
          await handle.truncate(s[2]);
          return handle.close();
        }
        case 'link':
          return promises.link(path, join(at, s[2]));
        case 'rename':
          return promises.rename(path, join(at, s[2]));
        case 'unlink':
          return promises.unlink(path);
        case 'mkdir':
          return void (await promises.mkdir(path));
        case 'rmdir':
          return promises.rmdir(path);
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const at = folder();
        const recorder = new Recorder<never>(at);
        for (const s of steps) await perform(at, s).catch(() => undefined); // what failed has changed nothing
        recorder.end();
        const again = folder();
        const all = { cut: recorder.log.length, fates: new Map() };
        new RebuiltDisk(recorder.log, all).writeTo(again);
        expect(tree(again)).toEqual(tree(at));
      }),
      { numRuns: 150 },
    );
  });
});

/** Everything in a folder, and which names are of one file. */
function tree(at: string): unknown[] {
  const firsts = new Map<bigint, string>();
  return readdirSync(at, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((path) => {
      const stats = lstatSync(join(at, path), { bigint: true });
      if (stats.isDirectory()) return path;
      firsts.set(stats.ino, firsts.get(stats.ino) ?? path);
      return [path, firsts.get(stats.ino), fs.readFileSync(join(at, path)).toString('hex')];
    });
}
