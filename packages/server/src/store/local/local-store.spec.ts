import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openWithin, stagedIn, temporaryFolder } from '../../testing/temporary-folder.js';
import { type StoreUnderTest, storeContract } from '../store.contract.js';
import { DescriptorConfinement } from './descriptor-confinement.js';
import { LocalStore, type LocalStoreOptions } from './local-store.js';

const top = temporaryFolder();
let count = 0;

const makeStore = (options: LocalStoreOptions) => async (): Promise<StoreUnderTest> => {
  count += 1;
  const root = join(top, String(count));
  mkdirSync(root);
  const store = await LocalStore.open(root, options);
  const openBefore = openWithin(root);
  return {
    store,
    staged: async () => {
      const names = stagedIn(root);
      if (names.length === 0) expect(openWithin(root).sort()).toEqual(openBefore.sort());
      return names;
    },
    dispose: async () => {
      expect(openWithin(root)).toEqual([]);
      expect(stagedIn(root)).toEqual([]);
    },
  };
};

if (DescriptorConfinement.isAvailable())
  storeContract('LocalStore by descriptors', makeStore({ confinement: 'descriptors' }));
storeContract(
  'LocalStore by paths',
  makeStore({ confinement: 'paths', openStagedFiles: 4, openDownloads: 2 }),
);
