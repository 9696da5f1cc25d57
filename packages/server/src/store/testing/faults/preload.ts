import { writeSync } from 'node:fs';
import { FaultInjector, type FaultPlan } from './fault-injector.js';
import { install } from './patch.js';
import { real } from './real-calls.js';

/** Does what `FILEX_FAULTS` says to this process, for as long as it runs. */
export async function injectFromEnvironment(): Promise<void> {
  const text = process.env['FILEX_FAULTS'];
  if (text === undefined) throw new Error('FILEX_FAULTS is not set');
  const { folder, ...plan } = JSON.parse(text) as FaultPlan & { readonly folder: string };
  await install();
  const injector = new FaultInjector(real.realpathSync(folder), plan, (errno, call) => {
    writeSync(process.stderr.fd, `fault: ${errno} ${call}\n`);
  });
  process.once('exit', () => injector.end());
}
