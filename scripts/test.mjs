// The gate: every check in order, then one closing line `N passed, N failed` that adds up all vitest runs.
import { reporting, runSteps, turbo } from './steps.mjs';

const unit = ['packages/protocol', 'packages/server', 'packages/cli', 'packages/conformance'];
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

await runSteps([
  { name: 'build', command: turbo('build', '--output-logs=new-only'), vital: true },
  { name: 'format and lint (biome)', command: ['npx', 'biome', 'ci', '--error-on-warnings', '.'] },
  { name: 'lint with types (eslint)', command: ['npx', 'eslint', '--max-warnings=0', '.'] },
  { name: 'types', command: turbo('typecheck', '--continue', '--output-logs=new-only') },
  { name: 'dependency rule', command: ['npx', 'depcruise', 'packages'] },
  { name: 'unused code (knip)', command: ['npx', 'knip'] },
  { name: 'API pages (typedoc)', command: ['npx', 'typedoc', '--emit', 'none'] },
  {
    name: 'packages (publint, attw)',
    command: turbo('check-package', '--continue', '--output-logs=new-only'),
  },
  { name: 'unit tests', command: vitest(unit), results: unit },
  { name: 'e2e tests', command: vitest(e2e), results: e2e },
]);
