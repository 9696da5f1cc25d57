// The proof of the protocol, as much of it as fits in three minutes: `npm run test:protocol`. A spec in packages/protocol
// outside of src/node is part of it without being named; anything else is one more line here.
import { reporting, runSteps } from './steps.mjs';

const protocol = 'packages/protocol';
const conformance = 'packages/conformance';

await runSteps([
  {
    name: 'rules, wire, machines, connections, mutants, vectors',
    command: ['npm', 'exec', '-w', protocol, '--', 'vitest', 'run', '--exclude=src/node/**', ...reporting],
    results: [protocol],
  },
  {
    name: 'conformance of our own server and client, and of broken ones',
    command: ['npm', 'exec', '-w', conformance, '--', 'vitest', 'run', ...reporting],
    results: [conformance],
  },
]);
