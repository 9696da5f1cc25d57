// node ftp-client.mjs put|get FILE NAME PORT
import { Client } from 'basic-ftp';

const [verb, file, name, port] = process.argv.slice(2);
const client = new Client();
await client.access({ host: '127.0.0.1', port: Number(port) });
if (verb === 'put') await client.uploadFrom(file, name);
else await client.downloadTo(file, name);
client.close();
