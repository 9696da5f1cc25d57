import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../bounds.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { RecentServers } from './recent-servers.js';

describe('RecentServers', () => {
  it('remembers each once, the latest first, as many as there is room for', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 15 }).map(String), { maxLength: 25 }), async (addresses) => {
        const servers = new RecentServers(join(temporaryFolder(), 'deep', 'state'));
        for (const address of addresses) await servers.add(address);
        const expected = [...new Set(addresses.toReversed())].slice(0, bounds.recentServers);
        expect(await servers.read()).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  it.each(['', '{', '{}', 'null', '[1, null, "kept"]'])('is not confused by %j in the file', async (text) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'recent-servers.json'), text);
    const servers = new RecentServers(folder);
    expect(await servers.read()).toEqual(text.includes('kept') ? ['kept'] : []);
    await servers.add('new');
    expect((await servers.read())[0]).toBe('new');
    expect(readdirSync(folder)).toEqual(['recent-servers.json']);
  });
});
