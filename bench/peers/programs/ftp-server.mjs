// node ftp-server.mjs DIR: prints {"port":…}.
import { FtpSrv } from 'ftp-srv';
import { freePort } from '../../lib/ports.mjs';

const [root] = process.argv.slice(2);
const silent = () => undefined;
const log = {
  trace: silent,
  debug: silent,
  info: silent,
  warn: silent,
  error: console.error,
  child: () => log,
};
const port = await freePort();
const server = new FtpSrv({ url: `ftp://127.0.0.1:${port}`, pasv_url: '127.0.0.1', anonymous: true, log });
server.on('login', (_, resolve) => resolve({ root }));
await server.listen();
console.log(JSON.stringify({ port }));
