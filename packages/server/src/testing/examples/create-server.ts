import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@filex/protocol/node';
import { createServer } from '../../index.js';

const root = await mkdtemp(join(tmpdir(), 'share-'));
const server = await createServer({ root, host: '127.0.0.1', port: 0, anonymous: 'write' });

const session = await connect(server.urls[0] as string);
const { outcome, path } = await session.upload(Buffer.from('hello'), 'notes.txt');
console.log(outcome, path); // created notes.txt
console.log(await readFile(join(root, 'notes.txt'), 'utf8')); // hello
await session.close();

await server.shutdown();
await rm(root, { recursive: true });
