// node --import <this file> program: makes calls of a real program on its files fail. FILEX_FAULTS is JSON:
// { "folder": …, "nth": …, "errno": …, "kinds": …, "lasting": …, "short": … }, as FaultPlan has it; kinds is "changing" or a list.
// Each fault is told in one line on stderr: `fault: <errno> <call> <path>`.
import { register } from 'node:module';

register('./loader.mjs', import.meta.url);
const { injectFromEnvironment } = await import('./preload.ts');
await injectFromEnvironment();
