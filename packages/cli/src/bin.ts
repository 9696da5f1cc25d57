#!/usr/bin/env node
import { main } from './main.js';
import { processIo } from './process-io.js';

void main(process.argv.slice(2), processIo()).then((exitCode) => {
  // Not process.exit: what is still on its way to a pipe would be cut off.
  process.exitCode = exitCode;
});
