import { it } from 'vitest';
import { expectSameExample, expectToPrint } from './testing/examples.js';

it('the example of filex-server runs, and prints what it says', async () => {
  const example = new URL('./testing/examples/create-server.ts', import.meta.url);
  const names = { '../../index.js': 'filex-server' };
  expectSameExample(new URL('./index.ts', import.meta.url), example, names);
  await expectToPrint(example, () => import('./testing/examples/create-server.js'));
});
