// The one-way dependencies of the house: cli -> protocol <- server; src/node -> connection -> machine, wire.
const protocol = '^packages/protocol/src/';
const tests = ['\\.spec\\.ts$', '\\.contract\\.ts$', '/testing/'];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'A cycle is one module that has not noticed yet.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'A rule cannot judge an import it cannot follow.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'cli-and-server-apart',
      comment: 'The two programs meet on the wire only.',
      severity: 'error',
      from: { path: '^packages/(cli|server)/' },
      to: {
        path: ['^packages/(cli|server)/', '/node_modules/filex-(client|server)/'],
        pathNot: '^packages/$1/',
      },
    },
    {
      name: 'conformance-trusts-nobody',
      comment:
        'What tests the implementations shares no code with them: it has its own codec, read from PROTOCOL.md.',
      severity: 'error',
      from: { path: '^packages/conformance/src/', pathNot: tests },
      to: { path: ['^packages/(cli|server|protocol)/', 'node_modules/'], pathNot: 'PROTOCOL\\.md$' },
    },
    {
      name: 'protocol-by-name',
      comment: 'Server and cli use what @filex/protocol publishes, never its sources.',
      severity: 'error',
      from: { path: '^packages/(cli|server)/' },
      to: { path: protocol },
    },
    {
      name: 'protocol-stands-alone',
      comment: 'The protocol knows neither program and has no runtime dependencies.',
      severity: 'error',
      from: { path: protocol, pathNot: tests },
      to: { path: ['^packages/(cli|server)/', 'node_modules/'] },
    },
    {
      name: 'core-has-no-node',
      comment: 'The root export runs in a browser, Deno or Bun: node: modules live in src/node.',
      severity: 'error',
      from: { path: protocol, pathNot: [`${protocol}node/`, ...tests] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'core-below-driver',
      comment: 'The driver uses the core, never the other way round.',
      severity: 'error',
      from: { path: protocol, pathNot: [`${protocol}node/`, ...tests] },
      to: { path: `${protocol}node/` },
    },
    {
      name: 'wire-knows-no-state',
      comment: 'wire/ turns bytes into messages. It is pure and knows no state.',
      severity: 'error',
      from: { path: `${protocol}wire/`, pathNot: tests },
      to: { path: [`${protocol}(machine|node)/`, `${protocol}(connection|index)\\.ts$`] },
    },
    {
      name: 'machine-knows-no-bytes',
      comment: 'machine/ sees only itself and shared constants.',
      severity: 'error',
      from: { path: `${protocol}machine/`, pathNot: tests },
      to: {
        path: protocol,
        pathNot: [`${protocol}machine/`, `${protocol}(codes|limits|errors|vocabulary)\\.ts$`],
      },
    },
    {
      name: 'tests-stay-out',
      comment: 'What ships does not import test code.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: tests },
      to: { path: ['^packages/.*\\.spec\\.ts$', '^packages/.*/testing/'] },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
