// The gate: every check in order, then one closing line `N passed, N failed` that adds up all vitest runs.
import { reporting, runSteps, turbo } from './steps.mjs';

const unit = ['packages/protocol', 'packages/server', 'packages/cli', 'packages/conformance', 'bench'];
const e2e = ['e2e'];

const vitest = (folders) =>
  turbo(
    'test',
    ...folders.map((folder) => `--filter=./${folder}`),
    '--only', // built by the first step
    '--continue',
    '--concurrency=1', // tests watch the clock: let each workspace have the machine
    '--',
    ...reporting,
  );

const eslint = (...folders) => ['npx', 'eslint', '--max-warnings=0', ...folders];

await runSteps([
  { name: 'build', command: turbo('build', '--output-logs=new-only'), vital: true },
  // The longest first, so that none is left for the end.
  [
    {
      name: 'types',
      command: turbo('typecheck', '--continue', '--concurrency=1', '--output-logs=new-only'),
    },
    { name: 'lint with types (eslint), protocol', command: eslint('packages/protocol') },
    {
      name: 'lint with types (eslint), the rest',
      command: eslint('.', '--ignore-pattern', 'packages/protocol/'),
    },
    { name: 'API pages (typedoc)', command: ['npx', 'typedoc', '--emit', 'none'] },
    {
      name: 'packages (publint, attw)',
      command: turbo('check-package', '--continue', '--concurrency=1', '--output-logs=new-only'),
    },
    { name: 'dependency rule', command: ['npx', 'depcruise', 'packages'] },
    { name: 'unused code (knip)', command: ['npx', 'knip'] },
    { name: 'format and lint (biome)', command: ['npx', 'biome', 'ci', '--error-on-warnings', '.'] },
  ],
  { name: 'unit tests', command: vitest(unit), results: unit },
  { name: 'e2e tests', command: vitest(e2e), results: e2e },
]);
