import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '@filex/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bounds } from '../../bounds.js';
import { openWithin, temporaryFolder } from '../../testing/temporary-folder.js';
import { list, outcomeOf } from '../testing/transfer.js';
import { ListingPlaces } from './listing-places.js';
import { LocalStore } from './local-store.js';

const top = temporaryFolder();
const PATIENCE = 1000;

describe('ListingPlaces', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('gives a place away only when somebody has waited for it, and that of whoever was left alone longest', async () => {
    const places = new ListingPlaces(3, PATIENCE);
    const released: string[] = [];
    const enter = (name: string) => places.enter(async () => released.push(name));
    const [a, b, c] = [await enter('a'), await enter('b'), await enter('c')];
    b.pause();
    a.pause();
    c.pause();
    c.resume(); // at work
    let entered = 0;
    const newcomers = ['d', 'e', 'f'].map(async (name) => {
      const place = await enter(name);
      entered += 1;
      return place;
    });
    await vi.advanceTimersByTimeAsync(PATIENCE - 1);
    expect([entered, released]).toEqual([0, []]);
    await vi.advanceTimersByTimeAsync(1);
    expect([entered, released]).toEqual([2, ['b', 'a']]);
    for (const lost of [a, b]) expect(() => lost.resume()).toThrow(expect.objectContaining({ code: 'BUSY' }));
    await vi.advanceTimersByTimeAsync(10 * PATIENCE);
    expect(entered).toBe(2); // the others are at work
    c.resume();
    c.leave();
    const others = await Promise.all(newcomers);
    for (const place of [a, b, ...others]) place.leave();
    for (let i = 0; i < 3; i += 1) await enter('again'); // each place was given back once
    const one = enter('too many');
    await vi.advanceTimersByTimeAsync(10 * PATIENCE);
    expect(await Promise.race([one, Promise.resolve('waits')])).toBe('waits');
    expect(released).toEqual(['b', 'a']);
  });
});

describe('listings whose readers take nothing', () => {
  it('keep nobody else waiting for long, are told so, and leave no folder open', async () => {
    const root = join(top, 'root');
    mkdirSync(join(root, 'folder'), { recursive: true });
    for (let i = 0; i < 3 * bounds.listingBatch; i += 1) writeFileSync(join(root, `folder/${i}`), '');
    const store = await LocalStore.open(root, { openListings: 2 });
    const before = openWithin(root).length;
    const stalled: AsyncGenerator<Entry>[] = [1, 2, 3].map(() => store.list('', { recursive: true }));
    for (const listing of stalled) expect((await listing.next()).value).toMatchObject({ path: 'folder' });
    expect(await list(store, 'folder')).toHaveLength(3 * bounds.listingBatch);
    const outcomes = await Promise.all(
      stalled.map((listing) => outcomeOf(listing.next().then(({ value }) => (value as Entry).kind))),
    );
    expect(outcomes.sort()).toEqual(['BUSY', 'BUSY', 'file']);
    for (const listing of stalled) await listing.return(undefined);
    expect(openWithin(root).length).toBe(before);
    await store.close();
    expect(openWithin(root)).toEqual([]);
  });
});
