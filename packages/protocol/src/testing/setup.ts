import fc from 'fast-check';
import { collectFigures, figure } from './figures.js';

collectFigures();

fc.configureGlobal({
  // Without this fast-check makes no list longer than ten items, whatever its `maxLength` says.
  defaultSizeToMaxWhenMaxSpecified: true,
  // What fast-check does by itself, and counts.
  reporter(run) {
    if (run.failed) throw new Error(fc.defaultReportMessage(run), { cause: run.errorInstance });
    figure('properties', 1);
    figure('random cases', run.numRuns);
  },
});
