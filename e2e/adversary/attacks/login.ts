import { randomBytes } from 'node:crypto';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { startServer } from '../../harness/server.js';
import type { Attack } from '../harness/attack.js';
import { exporterOf, HostileClient } from '../harness/hostile-client.js';
import type { Scene } from '../harness/scene.js';
import {
  type Challenge,
  type ClientProof,
  clientFinal,
  clientFirst,
  freshNonce,
  readChallenge,
} from '../harness/scram.js';
import { told } from '../harness/wire.js';

const KNOWN = 'writer';
const failed = 'GOAWAY AUTH_FAILED';

interface Forgery {
  readonly tls?: boolean;
  readonly mechanism?: string;
  readonly change?: (proof: ClientProof) => ClientProof;
  /** The client's last message, from what would be right. */
  readonly final?: (right: Buffer, proof: ClientProof, challenge: Challenge) => Buffer;
  readonly first?: (right: Buffer) => Buffer;
}

/** Logs in with the right passcode, but for what is forged: nothing else can be why it fails. */
const forging =
  ({
    tls = true,
    mechanism,
    change = (proof) => proof,
    final = (right) => right,
    first = (right) => right,
  }: Forgery) =>
  async (scene: Scene): Promise<string> => {
    const client = await scene.connect({ tls });
    client.greet();
    await client.receive('HELLO');
    const proof = change({
      user: KNOWN,
      passcode: scene.user(KNOWN).passcode,
      header: tls ? 'p=tls-exporter,,' : 'n,,',
      exporter: tls ? exporterOf(client.socket as TLSSocket) : undefined,
      nonce: freshNonce(),
      hellos: client.hellos,
    });
    client.frame('AUTH', 0, {
      mechanism: mechanism ?? (tls ? 'SCRAM-SHA-256-PLUS' : 'SCRAM-SHA-256'),
      data: first(clientFirst(proof)),
    });
    const answer = await client.challenge();
    if (typeof answer === 'string') return answer;
    const challenge = readChallenge(answer);
    client.frame('AUTH', 0, { data: final(clientFinal(proof, challenge), proof, challenge) });
    return client.authAnswer();
  };

/** The server's first message for a name, and everything that came after a wrong proof. */
async function refusalOf(
  port: number,
  from: string,
  user: string,
): Promise<{ challenge: Challenge; goodbye: Buffer; milliseconds: number }> {
  const client = await HostileClient.connect({ port, from });
  try {
    client.greet();
    await client.receive('HELLO');
    const proof = { user, passcode: 'wrong', header: 'n,,', nonce: freshNonce(), hellos: client.hellos };
    client.frame('AUTH', 0, { mechanism: 'SCRAM-SHA-256', data: clientFirst(proof) });
    const answer = await client.challenge();
    if (typeof answer === 'string') throw new Error(`no challenge: ${answer}`);
    const challenge = readChallenge(answer);
    const final = clientFinal(proof, challenge);
    const begun = performance.now();
    client.frame('AUTH', 0, { data: final });
    const goodbye = await client.any(['GOAWAY', 'AUTH']);
    if (typeof goodbye === 'string') throw new Error(goodbye);
    return { challenge, goodbye: goodbye.payload, milliseconds: performance.now() - begun };
  } finally {
    client.destroy();
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

/** Wrong logins from one address, one after the other: what each was answered. */
async function guess(scene: Scene, count: number, from = scene.from): Promise<string[]> {
  const answers: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const client = await scene.connect({ from });
    client.greet();
    const hello = await client.any(['HELLO', 'GOAWAY']);
    if (typeof hello === 'string') answers.push(hello);
    else if (hello.name === 'GOAWAY') answers.push(`${told(hello)} at once`);
    else answers.push(await client.login({ name: KNOWN, passcode: `guess ${i}` }));
    client.destroy();
  }
  return answers;
}

export const login: readonly Attack[] = [
  {
    id: 'login-right',
    class: 'login',
    target: 'server',
    what: 'no attack: the right passcode lets in, so that what follows fails for its forgery alone',
    expected: 'success',
    slice: true,
    run: forging({}),
  },
  {
    id: 'login-wrong-passcode',
    class: 'login',
    target: 'server',
    what: 'a wrong passcode',
    expected: failed,
    slice: true,
    run: forging({ change: (proof) => ({ ...proof, passcode: 'wrong' }) }),
  },
  {
    id: 'login-replay',
    class: 'login',
    target: 'server',
    what: 'both messages of a login that succeeded, once more on another connection',
    expected: failed,
    slice: true,
    run: async (scene) => {
      let last: Buffer = Buffer.alloc(0);
      let first: Buffer = Buffer.alloc(0);
      const keep = await forging({
        tls: false,
        first: (right) => {
          first = right;
          return right;
        },
        final: (right) => {
          last = right;
          return right;
        },
      })(scene);
      if (keep !== 'success') return keep;
      return forging({ tls: false, first: () => first, final: () => last })(scene);
    },
  },
  {
    id: 'login-replay-same-nonce',
    class: 'login',
    target: 'server',
    what: 'an old proof with the new nonce of the server put into it',
    expected: failed,
    run: async (scene) => {
      let kept = '';
      let first: Buffer = Buffer.alloc(0);
      await forging({
        tls: false,
        first: (right) => {
          first = right;
          return right;
        },
        final: (right) => {
          kept = right.toString();
          return right;
        },
      })(scene);
      const proof = /,p=.*$/.exec(kept)?.[0] ?? '';
      return forging({
        tls: false,
        first: () => first,
        final: (right, _proof, { nonce }) =>
          Buffer.from(
            right
              .toString()
              .replace(/r=[^,]*/, `r=${nonce}`)
              .replace(/,p=.*$/, proof),
          ),
      })(scene);
    },
  },
  {
    id: 'login-stripped-plus',
    class: 'login',
    target: 'server',
    what: 'a client that was not shown -PLUS though it could (somebody stripped it), and says so',
    expected: failed,
    slice: true,
    run: forging({
      mechanism: 'SCRAM-SHA-256',
      change: (proof) => ({ ...proof, header: 'y,,', exporter: undefined }),
    }),
  },
  {
    id: 'login-other-channel',
    class: 'login',
    target: 'server',
    what: 'a proof that is bound to another TLS session (relayed)',
    expected: failed,
    slice: true,
    run: forging({ change: (proof) => ({ ...proof, exporter: randomBytes(32) }) }),
  },
  {
    id: 'login-plus-unbound',
    class: 'login',
    target: 'server',
    what: '-PLUS without a channel binding in its header',
    expected: failed,
    run: forging({ change: (proof) => ({ ...proof, header: 'n,,', exporter: undefined }) }),
  },
  {
    id: 'login-binding-without-plus',
    class: 'login',
    target: 'server',
    what: 'a channel binding without -PLUS',
    expected: failed,
    run: forging({ mechanism: 'SCRAM-SHA-256' }),
  },
  {
    id: 'login-other-binding',
    class: 'login',
    target: 'server',
    what: 'a channel binding of another kind, which is weaker (tls-unique)',
    expected: failed,
    run: forging({ change: (proof) => ({ ...proof, header: 'p=tls-unique,,' }) }),
  },
  {
    id: 'login-changed-hello',
    class: 'login',
    target: 'server',
    what: 'a proof over other HELLOs than were sent: somebody took a capability out',
    expected: failed,
    run: forging({
      change: (proof) => ({
        ...proof,
        hellos: Buffer.concat([proof.hellos ?? Buffer.alloc(0), Buffer.of(0)]),
      }),
    }),
  },
  {
    id: 'login-no-transcript',
    class: 'login',
    target: 'server',
    what: 'a proof that leaves the HELLOs out',
    expected: failed,
    run: forging({ change: (proof) => ({ ...proof, hellos: undefined }) }),
  },
  {
    id: 'login-nonce',
    class: 'login',
    target: 'server',
    what: 'another nonce in the last message than the server gave',
    expected: failed,
    run: forging({
      tls: false,
      final: (_right, proof, challenge) => clientFinal(proof, challenge, `${challenge.nonce}x`),
    }),
  },
  {
    id: 'login-authzid',
    class: 'login',
    target: 'server',
    what: "somebody else's name as authorization identity",
    expected: failed,
    run: forging({
      change: (proof) => ({ ...proof, header: 'n,a=honest,', exporter: undefined }),
      tls: false,
    }),
  },
  {
    id: 'login-empty-proof',
    class: 'login',
    target: 'server',
    what: 'a proof of no bytes',
    expected: failed,
    run: forging({ tls: false, final: (right) => Buffer.from(right.toString().replace(/,p=.*$/, ',p=')) }),
  },
  {
    id: 'login-garbage',
    class: 'login',
    target: 'server',
    what: '4096 bytes of garbage as the first message',
    expected: failed,
    run: forging({ tls: false, first: () => Buffer.alloc(4096, 0x3d) }),
  },
  {
    id: 'login-data-too-long',
    class: 'login',
    target: 'server',
    what: '4097 bytes as the first message',
    expected: 'GOAWAY MESSAGE_MALFORMED',
    run: forging({ tls: false, first: () => Buffer.alloc(4097, 0x3d) }),
  },
  {
    id: 'login-as-anonymous',
    class: 'login',
    target: 'server',
    what: 'the name `anonymous`, with a passcode',
    expected: failed,
    run: forging({ tls: false, change: (proof) => ({ ...proof, user: 'anonymous' }) }),
  },
  {
    id: 'login-prototype',
    class: 'login',
    target: 'server',
    what: 'names that every object of JavaScript has: `__proto__`, `constructor`, `toString`',
    expected: failed,
    run: async (scene) => {
      const answers = new Set<string>();
      for (const user of ['__proto__', 'constructor', 'toString'])
        answers.add(await forging({ tls: false, change: (proof) => ({ ...proof, user }) })(scene));
      return [...answers].join(', ');
    },
  },
  {
    id: 'login-unknown-user',
    class: 'login',
    target: 'server',
    what: 'is there such a user? The same messages, lengths, rounds and words for one that there is and one that there is not',
    expected: 'the same',
    slice: true,
    run: async (scene) => {
      const known = await refusalOf(scene.port, scene.from, KNOWN);
      const unknown = await refusalOf(scene.port, scene.arena.nextAddress(), 'nobody-here');
      const shape = ({ challenge, goodbye }: typeof known): string =>
        [challenge.nonce.length, challenge.salt.length, challenge.iterations, goodbye.toString('hex')].join(
          ' ',
        );
      return shape(known) === shape(unknown) ? 'the same' : `${shape(known)} and ${shape(unknown)}`;
    },
  },
  {
    id: 'login-salt-of-nobody',
    class: 'login',
    target: 'server',
    what: 'is there such a user? The salt of one that there is not stays the same, also after a restart',
    expected: 'the same',
    run: async (scene) => {
      const salt = async (port: number): Promise<string> => {
        const { challenge } = await refusalOf(port, scene.arena.nextAddress(), 'nobody-here');
        return challenge.salt.toString('hex');
      };
      const tries = [await salt(scene.port), await salt(scene.port)];
      const state = join(scene.client, 'home', 'state');
      cpSync(scene.arena.state, state, { recursive: true });
      const again = await startServer({
        folder: join(scene.client, 'home', 'served'),
        args: ['--state', state, '--users', join(state, 'users.json')],
      });
      tries.push(await salt(again.port));
      await again.stop();
      const { challenge } = await refusalOf(scene.port, scene.arena.nextAddress(), 'nobody-else');
      if (challenge.salt.toString('hex') === tries[0]) return 'the same for all';
      return new Set(tries).size === 1 ? 'the same' : tries.join(', ');
    },
  },
  {
    id: 'login-time',
    class: 'login',
    target: 'server',
    what: 'is there such a user? 25 wrong logins each, by the clock: no more than 10 ms apart in the middle',
    expected: 'no difference',
    run: async (scene) => {
      const times = { known: [] as number[], unknown: [] as number[] };
      for (let i = 0; i < 25; i += 1) {
        times.known.push((await refusalOf(scene.port, scene.arena.nextAddress(), KNOWN)).milliseconds);
        times.unknown.push((await refusalOf(scene.port, scene.arena.nextAddress(), 'nobody')).milliseconds);
      }
      const apart = Math.abs(median(times.known) - median(times.unknown));
      return apart < 10 ? 'no difference' : `${apart.toFixed(1)} ms apart`;
    },
  },
  {
    id: 'login-guessing',
    class: 'login',
    target: 'server',
    what: '25 wrong passcodes from one address: told so, then banned, and others are not',
    expected: `${failed}, then GOAWAY RATE_LIMITED at once; a newcomer is served`,
    run: async (scene) => {
      const answers = await guess(scene, 25);
      const firsts = new Set(answers.slice(0, 3));
      const lasts = new Set(answers.slice(-3));
      await scene.arena.honest.newcomer();
      return `${[...firsts].join()}, then ${[...lasts].join()}; a newcomer is served`;
    },
  },
  {
    id: 'login-guessing-slower',
    class: 'login',
    target: 'server',
    what: '10 wrong passcodes from one address: the later ones wait for longer than the first',
    expected: 'slower and slower',
    run: async (scene) => {
      const begun = performance.now();
      await guess(scene, 3);
      const first = performance.now() - begun;
      await guess(scene, 7);
      const rest = performance.now() - begun - first;
      return rest / 7 > first / 3 + 10
        ? 'slower and slower'
        : `${first.toFixed(0)}, then ${rest.toFixed(0)} ms`;
    },
  },
  {
    id: 'login-guessing-at-once',
    class: 'login',
    target: 'server',
    what: '100 wrong passcodes at once from one address: no more than 20 of them are judged',
    expected: 'no more than 20 are judged',
    run: async (scene) => {
      const clients = await Promise.all(Array.from({ length: 100 }, () => scene.connect()));
      const answers = await Promise.all(
        clients.map(async (client, i) => {
          client.greet();
          await client.receive('HELLO').catch(() => undefined);
          return client.login({ name: KNOWN, passcode: `guess ${i}` });
        }),
      );
      const judged = answers.filter((answer) => answer === failed || answer === 'success').length;
      return judged <= 20 ? 'no more than 20 are judged' : `${judged} are judged`;
    },
  },
  {
    id: 'login-ban-inherited',
    class: 'login',
    target: 'server',
    what: 'a ban: the right passcode from the banned address is of no use, from another one it is',
    expected: 'GOAWAY RATE_LIMITED (loginFailuresBeforeBan), success',
    run: async (scene) => {
      await guess(scene, 21);
      const client = await scene.connect();
      const verdict = await client.greet().verdict();
      const named = /loginFailuresBeforeBan/.exec(client.goAwayReason)?.[0] ?? client.goAwayReason;
      const other = await scene.connect({ from: scene.arena.nextAddress() });
      other.greet();
      await other.receive('HELLO');
      return `${verdict} (${named}), ${await other.login(scene.user(KNOWN))}`;
    },
  },
];

export const closedDoor: readonly Attack[] = [
  {
    id: 'login-anonymous-refused',
    class: 'login',
    target: 'server',
    what: 'ANONYMOUS where nobody is let in without a name',
    expected: failed,
    run: async (scene) => {
      const client = await scene.connect();
      client.greet();
      await client.receive('HELLO');
      return client.anonymous();
    },
  },
  {
    id: 'login-skipped',
    class: 'login',
    target: 'server',
    what: 'operations before the last step of a login',
    expected: 'GOAWAY STATE_VIOLATION',
    run: async (scene) => {
      const client = await scene.connect();
      client.greet();
      await client.receive('HELLO');
      const proof = { user: KNOWN, passcode: '', header: 'n,,', nonce: freshNonce() };
      client.frame('AUTH', 0, { mechanism: 'SCRAM-SHA-256', data: clientFirst(proof) });
      await client.challenge();
      client.open('download', { path: 'kept/precious.txt' });
      return client.verdict();
    },
  },
];
