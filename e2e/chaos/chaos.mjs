// `npm run chaos -- --rounds N [--seed S] [--from ROUND] [--seconds T]`: see README.md here.
import { register } from 'node:module';
import { parseArgs } from 'node:util';

register('./loader.mjs', import.meta.url);
const { runChaos } = await import('./run.ts');

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string' },
    from: { type: 'string', default: '0' },
    seconds: { type: 'string', default: 'Infinity' },
  },
});
const numbers = { rounds: Number(values.rounds), from: Number(values.from), seconds: Number(values.seconds) };
for (const [name, value] of Object.entries(numbers)) {
  if (Number.isNaN(value) || value < 0) throw new TypeError(`--${name} is a number`);
}
const seed = values.seed ?? String(Math.floor(Math.random() * 1e9));
const failed = await runChaos({ ...numbers, seed, say: (line) => console.log(line) });
process.exitCode = failed === 0 ? 0 : 1;
