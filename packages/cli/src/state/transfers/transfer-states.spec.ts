import {
  chmodSync,
  existsSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../bounds.js';
import { temporaryFolder } from '../../testing/temporary-folder.js';
import { type DownloadRecord, encodeRecord, stagingPlace, transferId } from './transfer-record.js';
import { TransferStates } from './transfer-states.js';

function scene() {
  const top = temporaryFolder();
  const folder = join(top, 'state', 'transfers');
  const warnings: string[] = [];
  const states = new TransferStates(folder, { platform: 'linux', warn: (text) => warnings.push(text) });
  const record = (name: string, more: Partial<DownloadRecord> = {}): [string, DownloadRecord] => {
    const key = {
      direction: 'download',
      address: 'filex://nas:12345/',
      remote: name,
      local: join(top, name),
      ifExists: 'fail',
    } as const;
    const id = transferId(key);
    const rest = { size: 1, attempts: 1, when: 1, origin: undefined, etag: undefined };
    return [id, { ...key, ...rest, ...stagingPlace(folder, id, key.local), ...more }];
  };
  /** As if it had been written that long ago. */
  const age = (file: string, milliseconds: number): void => {
    const time = new Date(Date.now() - milliseconds);
    utimesSync(file, time, time);
  };
  return { top, folder, states, warnings, record, age };
}

const never = async (): Promise<boolean> => false;

describe('TransferStates', () => {
  it('keeps a record whole and private, and nothing else', async () => {
    const { folder, states, record, warnings } = scene();
    await states.prepare();
    const [id, one] = record('a');
    expect(await states.look(id)).toEqual({ state: 'none' });
    await states.write(id, one);
    await states.write(id, { ...one, attempts: 2 });
    expect(readdirSync(folder)).toEqual([`${id}.json`]);
    expect(statSync(join(folder, `${id}.json`)).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(await states.look(id)).toEqual({ state: 'usable', record: { ...one, attempts: 2 } });
    expect(warnings).toEqual([]);
  });

  it('is whole whatever many writers do at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { minLength: 2, maxLength: 12 }), async (attempts) => {
        const { folder, states, record, warnings } = scene();
        await states.prepare();
        const [id, one] = record('a');
        const looks = attempts.map(async (count) => {
          await states.write(id, { ...one, attempts: count });
          return states.look(id);
        });
        for (const found of await Promise.all(looks)) expect(found).toMatchObject({ state: 'usable' });
        expect(readdirSync(folder)).toEqual([`${id}.json`]);
        expect(warnings).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('lists what can be used, the latest first, and warns once of what cannot', async () => {
    const { folder, states, record, warnings } = scene();
    await states.prepare();
    const [first, a] = record('a', { when: 1 });
    const [second, b] = record('b', { when: 2 });
    await states.write(first, a);
    await states.write(second, b);
    writeFileSync(join(folder, `${'0'.repeat(32)}.json`), '{');
    writeFileSync(join(folder, `${'1'.repeat(32)}.json`), '{"version":9}');
    writeFileSync(join(folder, `${'2'.repeat(32)}.json`), encodeRecord(a));
    writeFileSync(join(folder, 'something else.json'), 'mine');
    expect((await states.list()).map(({ id }) => id)).toEqual([second, first]);
    await states.list();
    expect(warnings).toEqual([
      expect.stringMatching(/0{32}\.json is not used: it is damaged/),
      expect.stringMatching(/1{32}\.json is not used: a newer version/),
      expect.stringMatching(/2{32}\.json is not used: it belongs somewhere else/),
    ]);
  });

  it.runIf(process.platform !== 'win32')('does not trust what others could have written', async () => {
    const { folder, states, record, warnings } = scene();
    await states.prepare();
    const [id, one] = record('a');
    await states.write(id, one);
    chmodSync(join(folder, `${id}.json`), 0o666);
    expect(await states.look(id)).toEqual({ state: 'reserved' });
    expect(warnings).toEqual([expect.stringContaining('can be written by others')]);
  });

  it('keeps no more of one transfer than there is a bound for', async () => {
    const { states, record } = scene();
    await states.prepare();
    const words = ['x'.repeat(bounds.transferStateSize)];
    const [id, one] = record('a', { origin: { words, folder: '/' } });
    await expect(states.write(id, one)).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect(await states.ids()).toEqual([]);
  });

  it('removes what is too old with the part that it names, and nothing besides', async () => {
    const { top, folder, states, record, age } = scene();
    await states.prepare();
    const [old, a] = record('old');
    const [young, b] = record('young');
    const [busy, c] = record('busy');
    for (const [id, one] of [
      [old, a],
      [young, b],
      [busy, c],
    ] as const) {
      await states.write(id, one);
      writeFileSync(one.part, 'part');
      writeFileSync(one.digests, 'digests');
    }
    const stranger = join(top, '.filex-somebody-elses.part');
    writeFileSync(stranger, 'part');
    const tooOld = bounds.transferStateAge + 60_000;
    for (const id of [old, busy]) age(join(folder, `${id}.json`), tooOld);
    age(stranger, tooOld);
    expect(await states.expire(async (id) => id === busy)).toBe(2);
    expect(existsSync(a.part)).toBe(false);
    expect(existsSync(a.digests)).toBe(false);
    for (const file of [b.part, b.digests, c.part, c.digests, stranger]) expect(existsSync(file)).toBe(true);
    expect((await states.ids()).sort()).toEqual([young, busy].sort());
  });

  it('removes nothing that an old record of somebody else or of the future leads to', async () => {
    const { top, folder, states, record, age } = scene();
    await states.prepare();
    const precious = join(top, 'precious');
    writeFileSync(precious, 'mine');
    const [id, one] = record('a', { part: precious });
    writeFileSync(join(folder, `${id}.json`), encodeRecord(one), { mode: 0o600 });
    const newer = join(folder, `${'1'.repeat(32)}.json`);
    writeFileSync(newer, '{"version":9}', { mode: 0o600 });
    for (const file of [join(folder, `${id}.json`), newer]) age(file, bounds.transferStateAge * 2);
    await states.expire(never);
    expect(existsSync(precious)).toBe(true);
    expect(existsSync(newer)).toBe(true);
    expect(existsSync(join(folder, `${id}.json`))).toBe(false);
  });

  it('removes what the dead have left in the folder, when it is old', async () => {
    const { folder, states, record, age } = scene();
    await states.prepare();
    const [id, one] = record('a');
    await states.write(id, one);
    const orphan = 'f'.repeat(32);
    const names = [`${id}.1.1.new`, `${orphan}.leaves`, `${id}.leaves`, 'notes.txt'];
    for (const name of names) writeFileSync(join(folder, name), '');
    await states.expire(never);
    expect(readdirSync(folder)).toHaveLength(5);
    for (const name of names) age(join(folder, name), bounds.leftoverAge * 2);
    await states.expire(never);
    expect(readdirSync(folder).sort()).toEqual([`${id}.json`, `${id}.leaves`, 'notes.txt'].sort());
  });

  it('a symlink in the place of a part is removed, not followed', async () => {
    const { top, states, record } = scene();
    await states.prepare();
    const precious = join(top, 'precious');
    writeFileSync(precious, 'mine');
    const [id, one] = record('a');
    await states.write(id, one);
    symlinkSync(precious, one.part);
    await states.forget(id, one);
    expect(existsSync(precious)).toBe(true);
    expect(existsSync(one.part)).toBe(false);
  });
});
