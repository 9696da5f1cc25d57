// node --require loaded-modules.cjs …: at the end, writes what was loaded until then into the file that LOADED_MODULES names.
const { writeFileSync } = require('node:fs');

process.on('exit', () => {
  // Not documented, and the only one who knows; of a Node that has it no more, the test says so.
  const builtins = process.moduleLoadList
    .filter((entry) => entry.startsWith('NativeModule '))
    .map((entry) => entry.slice('NativeModule '.length));
  const files = Object.keys(require.cache).filter((file) => file !== __filename);
  writeFileSync(process.env.LOADED_MODULES, JSON.stringify({ builtins, files }));
});
