// node library-client.mjs put|get PATH PORT DIGEST [DEST]: `connect` and as many `upload` or `download` as there are
// files, without filex-client around it. Takes and prints what the bare client does; for `get`, the files of the folder
// PATH are named by FILEX_BENCH_SOURCE, which has the same tree, since walking is not what is measured here.
import { mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { connect } from '@filex/protocol/node';
import { filesBelow } from '../baselines/shared.mjs';
import { providersFor } from './digests.mjs';

const LANES = 64;

const [verb, path, port, algorithm, destination] = process.argv.slice(2);
const digests = await providersFor(algorithm);
const root = verb === 'put' ? dirname(path) : process.env.FILEX_BENCH_SOURCE;
const start = performance.now();
const [folder, names] = filesBelow(root, basename(path));
if (verb === 'get')
  for (const name of names) mkdirSync(dirname(join(destination, name)), { recursive: true });
const session = await connect(`filex+tcp://127.0.0.1:${port}/`, { digests });
if (session.server.algorithm !== algorithm) throw new Error(`it speaks ${session.server.algorithm}`);
const queue = names.values();
const lane = async () => {
  for (const name of queue) {
    if (verb === 'put') await session.upload(join(folder, name), name);
    else await session.download(name, join(destination, name), { durable: false });
  }
};
await Promise.all(Array.from({ length: Math.min(LANES, names.length) }, lane));
await session.close();
console.log(JSON.stringify({ ms: performance.now() - start }));
