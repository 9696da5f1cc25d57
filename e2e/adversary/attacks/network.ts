import { clientBin } from '../../harness/paths.js';
import type { Attack } from '../harness/attack.js';
import { makeNamespace } from '../harness/namespace.js';
import { FrameCutter, PREFACE, told } from '../harness/wire.js';

/** Sends bytes, given in hexadecimal, and prints what comes back until the end. */
const EXCHANGE = `
const socket = require('node:net').connect(Number(process.argv[2]), process.argv[1], () => socket.write(Buffer.from(process.argv[3], 'hex')));
const all = [];
socket.on('data', (chunk) => all.push(chunk));
socket.on('error', () => {});
socket.on('close', () => console.log(Buffer.concat(all).toString('hex')));
`;

export const network: readonly Attack[] = [
  {
    id: 'network-plaintext',
    class: 'network',
    target: 'server',
    what: 'plaintext from another machine (a network namespace): refused before anything is said',
    expected: 'GOAWAY PLAINTEXT_REFUSED',
    run: async (scene) => {
      const other = makeNamespace(scene);
      const hello = (await scene.connect()).helloBytes();
      const said = Buffer.concat([PREFACE, hello]).toString('hex');
      const exit = await other.run(['-e', EXCHANGE, other.host, String(scene.port), said]);
      const cutter = new FrameCutter();
      cutter.push(Buffer.from(exit.stdout.trim(), 'hex'));
      cutter.take(PREFACE.length);
      const frames: string[] = [];
      for (let next = cutter.next(); next !== undefined; next = cutter.next()) frames.push(told(next.frame));
      return frames.join(', ') || `nothing: ${exit.stderr}`;
    },
  },
  {
    id: 'network-plaintext-client',
    class: 'network',
    target: 'server',
    what: 'filex-client with filex+tcp:// from another machine, with the right passcode',
    expected: 'exit 7',
    run: async (scene) => {
      const other = makeNamespace(scene);
      const url = `filex+tcp://writer@${other.host}:${scene.port}/`;
      const exit = await other.run([clientBin, 'ls', url], { FILEX_PASSCODE: scene.user('writer').passcode });
      return `exit ${exit.code}`;
    },
  },
  {
    id: 'network-tls',
    class: 'network',
    target: 'server',
    what: 'no attack: the same inside TLS gets in, so that plaintext was why the others did not',
    expected: 'exit 0',
    run: async (scene) => {
      const other = makeNamespace(scene);
      const { fingerprint } = scene.arena.server.listening;
      const url = `filex://writer@${other.host}:${scene.port}/kept?fp=${fingerprint}`;
      const exit = await other.run([clientBin, 'ls', url], { FILEX_PASSCODE: scene.user('writer').passcode });
      return exit.code === 0 ? 'exit 0' : `exit ${exit.code}: ${exit.stderr}`;
    },
  },
];
