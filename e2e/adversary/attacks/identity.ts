import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as dial, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as dialTls } from 'node:tls';
import { fingerprintOf } from '@filex/protocol/node';
import { testKeys } from '../../../packages/protocol/src/node/testing/tls-keys.js';
import type { Attack } from '../harness/attack.js';
import { type Lies, lyingServer, type ServerSide } from '../harness/lying-server.js';
import type { Scene } from '../harness/scene.js';
import { readChallenge, serverFinal } from '../harness/scram.js';
import type { Frame } from '../harness/wire.js';
import { shown } from './lying-server.js';

const { own, other } = testKeys;
const fingerprint = fingerprintOf(certificateOf(own.cert));
const otherFingerprint = fingerprintOf(certificateOf(other.cert));
const passcode = 'the-right-one';

/** The DER inside of PEM. */
function certificateOf(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----[^-]*-----|\s/g, ''), 'base64');
}

interface Visit {
  /** What the client thinks the key is; default: it is right. `undefined`: nothing is known. */
  readonly fp?: string | undefined;
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Sends the client there, as a user with the right passcode unless told otherwise. */
async function visit(scene: Scene, port: number, { fp, user = 'ann', env }: Visit): Promise<string> {
  const where = `${user === '' ? '' : `${user}@`}127.0.0.1:${port}/`;
  const url = `filex://${where}${fp === undefined ? '' : `?fp=${fp}`}`;
  const exit = await scene.filex(['ls', '--connect-timeout', '5', url], { FILEX_PASSCODE: passcode, ...env });
  const leaked = (exit.stdout + exit.stderr).includes(passcode);
  return `${shown(exit)}${leaked ? ', and tells the passcode' : ''}`;
}

/** A lying server inside TLS that the client takes for the right one by its key, and how the client ends. */
const against =
  (lies: Lies, options: Visit = { fp: fingerprint }) =>
  async (scene: Scene): Promise<string> => {
    const server = await lyingServer(scene, {
      tls: own,
      answer: ({ reply }) => void reply.success(),
      ...lies,
    });
    return visit(scene, server.port, options);
  };

interface ScramLies {
  readonly iterations?: number;
  readonly salt?: string;
  /** From the nonce of the client. */
  readonly nonce?: (clients: string) => string;
  readonly final?: (right: Buffer) => Buffer | undefined;
  /** The passcode that this server believes in. */
  readonly passcode?: string;
}

/** A server that logs users in by SCRAM, and lies somewhere. */
function scram({
  iterations = 4096,
  salt = 'AAECAwQFBgcICQoLDA0ODw==',
  nonce = (clients) => `${clients}the-servers-own-half`,
  final = (right) => right,
  passcode: believed = passcode,
}: ScramLies): Lies {
  const begun = new WeakMap<ServerSide, { first: string; challenge: string }>();
  return {
    hello: { mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'] },
    authenticate: (side: ServerSide, auth: Frame, count: number) => {
      const said = auth.text('data');
      if (count === 1) {
        const challenge = `r=${nonce(/r=([^,]*)$/.exec(said)?.[1] ?? '')},s=${salt},i=${iterations}`;
        begun.set(side, { first: said, challenge });
        side.frame('AUTH', 0, { step: 0, data: challenge });
        return;
      }
      const { first, challenge } = begun.get(side) ?? { first: '', challenge: '' };
      const data = final(serverFinal(believed, readChallenge(Buffer.from(challenge)), first, said));
      side.success({ principal: 'ann', ...(data === undefined ? {} : { data }) });
    },
  };
}

/** Somebody in the middle, with a key of their own: everything is passed on, both ways, and kept. */
async function middle(scene: Scene): Promise<{ port: number; heard: () => Buffer }> {
  const heard: Buffer[] = [];
  const port = await scene.serve((near) => {
    const far = dialTls({
      socket: dial({ port: scene.port, host: '127.0.0.1', localAddress: scene.from }),
      rejectUnauthorized: false,
      ALPNProtocols: ['filex/1'],
    });
    pass(near, far);
    near.on('data', (chunk: Buffer) => heard.push(chunk));
  }, own);
  return { port, heard: () => Buffer.concat(heard) };
}

function pass(near: Socket, far: Socket): void {
  near.pipe(far);
  far.pipe(near);
  for (const [one, two] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on('error', () => two.destroy());
    one.on('close', () => two.destroy());
  }
}

/** A file that the client trusts: whose key a server had when it was met last. */
function remember(scene: Scene, line: string): void {
  const folder = join(scene.client, 'home', 'filex');
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, 'known_hosts'), `${line}\n`, { mode: 0o600 });
}

type Case = readonly [
  id: string,
  what: string,
  expected: string | readonly string[],
  run: (scene: Scene) => Promise<string>,
  more?: Partial<Attack>,
];

const cases: readonly Case[] = [
  [
    'right',
    'no attack: a server that knows the passcode is believed, so that the others are not for their lies alone',
    'exit 0',
    against(scram({})),
  ],
  [
    'plaintext',
    'plaintext in answer to TLS, with the preface and a friendly HELLO',
    ['exit 1', 'exit 5'],
    async (scene) => {
      const port = await scene.serve((socket) => {
        socket.once('data', () => void socket.write('FILEX\r\n\x1a'));
      });
      return visit(scene, port, { fp: fingerprint });
    },
    { slice: true },
  ],
  [
    'no-tls-retry',
    'a server that hangs up on TLS, to be tried in plaintext: nothing but TLS is said to it, ever',
    'exit 5, TLS only',
    async (scene) => {
      const first: number[] = [];
      const port = await scene.serve((socket) => {
        socket.once('data', (chunk: Buffer) => {
          first.push(chunk[0] as number);
          socket.destroy();
        });
      });
      const answer = await visit(scene, port, { fp: fingerprint });
      return `${answer}, ${first.length > 0 && first.every((byte) => byte === 0x16) ? 'TLS only' : first.join()}`;
    },
  ],
  [
    'tls-1.2',
    'a server that has TLS 1.2 only',
    ['exit 1', 'exit 5'],
    async (scene) => {
      const port = await scene.serve(() => undefined, { ...own, maxVersion: 'TLSv1.2' });
      return visit(scene, port, { fp: fingerprint });
    },
  ],
  [
    'changed-key',
    'another key than the one in the address: refused before a word is said',
    'exit 13, nothing is said',
    async (scene) => {
      let said = 0;
      const port = await scene.serve((socket) => {
        socket.on('data', (chunk: Buffer) => {
          said += chunk.length;
        });
      }, own);
      const answer = await visit(scene, port, { fp: otherFingerprint });
      return `${answer}, ${said === 0 ? 'nothing is said' : `${said} bytes are said`}`;
    },
    { slice: true },
  ],
  [
    'changed-known-key',
    'another key than the one that is remembered',
    'exit 13',
    async (scene) => {
      const server = await lyingServer(scene, { ...scram({}), tls: own });
      remember(scene, `127.0.0.1:${server.port} ${otherFingerprint}`);
      return visit(scene, server.port, {});
    },
  ],
  [
    'changed-key-with-address',
    'another key than the one that is remembered, and an address that vouches for it: this time only',
    'exit 0, the remembered key stays',
    async (scene) => {
      const server = await lyingServer(scene, {
        ...scram({}),
        tls: own,
        answer: ({ reply }) => void reply.success(),
      });
      remember(scene, `127.0.0.1:${server.port} ${otherFingerprint}`);
      const answer = await visit(scene, server.port, { fp: fingerprint });
      const kept = readFileSync(join(scene.client, 'home', 'filex', 'known_hosts'), 'utf8');
      return `${answer}, the remembered key ${kept.includes(fingerprint) ? 'is replaced' : 'stays'}`;
    },
  ],
  ['unknown-key', 'a key that nothing vouches for, and nobody to ask', 'exit 13', against(scram({}), {})],
  [
    'middle',
    'somebody in the middle with a key that the user was talked into trusting: the passcode binds the channel',
    'exit 7, the passcode is not heard',
    async (scene) => {
      const { port, heard } = await middle(scene);
      const writer = scene.user('writer');
      const answer = await visit(scene, port, {
        fp: fingerprint,
        user: writer.name,
        env: { FILEX_PASSCODE: writer.passcode },
      });
      return `${answer}, the passcode is ${heard().includes(writer.passcode) ? '' : 'not '}heard`;
    },
    { slice: true },
  ],
  [
    'middle-plain',
    'somebody in the middle who passes TLS on as it is, and cannot read it: gets in, as it should',
    'exit 0',
    async (scene) => {
      const port = await scene.serve((near) => {
        const far = dial({ port: scene.port, host: '127.0.0.1', localAddress: scene.from });
        pass(near, far);
      });
      const writer = scene.user('writer');
      return visit(scene, port, {
        fp: scene.arena.server.listening.fingerprint,
        user: writer.name,
        env: { FILEX_PASSCODE: writer.passcode },
      });
    },
  ],
  [
    'wrong-signature',
    'a server that lets everybody in and does not know the passcode (wrong signature)',
    'exit 7',
    against(scram({ passcode: 'something else' })),
    { slice: true },
  ],
  ['no-signature', 'success without a signature', 'exit 7', against(scram({ final: () => undefined }))],
  [
    'success-at-once',
    'success in answer to the first message, without a challenge',
    ['exit 7', 'exit 1'],
    against({ ...scram({}), authenticate: (side) => side.success({ principal: 'ann' }) }),
  ],
  [
    'few-iterations',
    'one iteration, to guess the passcode cheaply from what the client sends',
    'exit 7',
    against(scram({ iterations: 1 })),
    { slice: true },
  ],
  [
    'many-iterations',
    '999 999 999 iterations, to keep the client busy for minutes',
    'exit 7',
    against(scram({ iterations: 999_999_999 })),
  ],
  [
    'other-nonce',
    'a challenge to another nonce (replayed)',
    'exit 7',
    against(scram({ nonce: () => 'another-nonce' })),
  ],
  [
    'own-nonce-missing',
    'a challenge without a half of the server in its nonce',
    'exit 7',
    against(scram({ nonce: (clients) => clients })),
  ],
  ['no-salt', 'a challenge without salt', 'exit 7', against(scram({ salt: '' }))],
  [
    'challenge-again',
    'challenge after challenge',
    'exit 7',
    against({
      ...scram({}),
      authenticate: (side, auth) => {
        const clients = /r=([^,]*)/.exec(auth.text('data'))?.[1] ?? '';
        side.frame('AUTH', 0, { step: 0, data: `r=${clients}x,s=AAECAwQFBgcICQoLDA0ODw==,i=4096` });
      },
    }),
  ],
  [
    'anonymous-instead',
    'a server that offers ANONYMOUS only to a user with a passcode: not fallen back to',
    'exit 7',
    against({ hello: { mechanisms: ['ANONYMOUS'] } }),
    { slice: true },
  ],
  [
    'plain-password',
    'a server that offers mechanisms which would show it the passcode (PLAIN, LOGIN)',
    'exit 7',
    against({ hello: { mechanisms: ['PLAIN', 'LOGIN', 'XOAUTH2'] } }),
  ],
];

export const identity: readonly Attack[] = cases.map(([id, what, expected, run, more]) => ({
  id: `identity-${id}`,
  class: 'identity',
  target: 'client',
  what,
  expected,
  ...more,
  run,
}));
