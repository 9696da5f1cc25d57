import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { join } from 'node:path';
import type { Attack } from '../harness/attack.js';
import type { HostileClient } from '../harness/hostile-client.js';
import type { Scene } from '../harness/scene.js';
import { frame, rawFrame } from '../harness/wire.js';

/** Connects so many times, and says nothing. */
function crowd(scene: Scene, count: number, from = scene.from, tls = false): Promise<HostileClient[]> {
  return Promise.all(Array.from({ length: count }, () => scene.connect({ from, tls })));
}

/** How many are still connected as soon as no more than `bound` are. */
async function heldOf(clients: readonly HostileClient[], bound: number): Promise<number> {
  const [first] = clients as [HostileClient];
  const held = (): number => clients.filter((client) => !client.ended).length;
  const end = performance.now() + 10_000;
  // Any of them may be the one that ends: looked at again and again.
  while (held() > bound && performance.now() < end)
    await first.until(() => held() <= bound, 'refusals', 100).catch(() => undefined);
  return held();
}

/** A folder with so many files, taken away again. */
function wideFolder(scene: Scene, files: number): string {
  const folder = join(scene.disk, 'wide');
  mkdirSync(folder);
  for (let i = 0; i < files; i += 1) writeFileSync(join(folder, `${'n'.repeat(200)}${i}`), '');
  scene.onEnd(() => rmSync(folder, { recursive: true }));
  return `${scene.folder}/wide`;
}

const goodbye = frame('GOAWAY', 0, { code: 0, lastStream: 0 });

export const flood: readonly Attack[] = [
  {
    id: 'flood-resets',
    class: 'flood',
    target: 'server',
    what: '3000 requests that are taken back at once (rapid reset)',
    expected: 'GOAWAY RATE_LIMITED',
    slice: true,
    run: async (scene) => {
      const client = await scene.enter();
      for (let round = 0; round < 30 && !client.ended; round += 1) {
        const streams = Array.from({ length: 100 }, () => client.open('list', { recursive: true }));
        for (const stream of streams) client.frame('RESET', stream, { code: 0x20, finalOffset: 0 });
        // So that no more are open at once than may be.
        await Promise.all(streams.map((stream) => client.answer(stream)));
      }
      return client.verdict();
    },
  },
  {
    id: 'flood-pings',
    class: 'flood',
    target: 'server',
    what: '2000 PINGs whose PONGs are read',
    expected: 'GOAWAY RATE_LIMITED',
    slice: true,
    run: async (scene) => {
      const client = await scene.enter();
      for (let i = 0; i < 2000 && (await client.alive()) === 'alive'; i += 1);
      return client.kept.length > 0 ? client.verdict() : 'GOAWAY RATE_LIMITED';
    },
  },
  {
    id: 'flood-pings-unread',
    class: 'flood',
    target: 'server',
    what: '500 000 PINGs by a client that does not read the PONGs',
    expected: ['GOAWAY RATE_LIMITED', 'closed'],
    run: async (scene) => {
      const client = await scene.enter();
      client.socket.pause();
      const pings = Buffer.concat(Array.from({ length: 1000 }, () => frame('PING', 0, { token: 1 })));
      await client.pour(pings, 500 * pings.length);
      client.socket.resume();
      return client.verdict();
    },
  },
  {
    id: 'flood-requests-unread',
    class: 'flood',
    target: 'server',
    what: '50 000 requests by a client that does not read the answers',
    expected: ['GOAWAY STREAM_LIMIT', 'closed'],
    run: async (scene) => {
      const client = await scene.enter();
      client.socket.pause();
      for (let i = 0; i < 500 && !client.ended; i += 1) {
        const requests = Array.from({ length: 100 }, () => client.opening('stat', {}, client.nextStream()));
        await Promise.race([client.flush(Buffer.concat(requests)), client.gone()]);
      }
      client.socket.resume();
      return client.verdict();
    },
  },
  {
    id: 'flood-skipped-frames',
    class: 'flood',
    target: 'server',
    what: 'a million frames that are to be skipped',
    expected: 'alive',
    run: async (scene) => {
      const client = await scene.enter();
      const frames = Buffer.concat(Array.from({ length: 10_000 }, () => rawFrame(0xf7, 0, Buffer.alloc(0))));
      await client.pour(frames, 100 * frames.length);
      return client.alive();
    },
  },
  {
    id: 'flood-goodbyes',
    class: 'flood',
    target: 'server',
    what: '10 000 times goodbye',
    expected: 'closed',
    run: async (scene) => {
      const client = await scene.enter();
      await client.pour(Buffer.concat(Array.from({ length: 100 }, () => goodbye)), 10_000 * goodbye.length);
      return client.verdict();
    },
  },
  {
    id: 'flood-connections',
    class: 'flood',
    target: 'server',
    what: '400 connections from one address, where 256 may be; others are served meanwhile',
    expected: '256 let in, a newcomer is served',
    run: async (scene) => {
      const clients = await crowd(scene, 400);
      const answers = await Promise.all(clients.map((client) => client.greet().any(['HELLO', 'GOAWAY'])));
      const inside = answers.filter((answer) => typeof answer !== 'string' && answer.name === 'HELLO').length;
      await scene.arena.honest.newcomer();
      return `${inside} let in, a newcomer is served`;
    },
  },
  {
    id: 'flood-connections-word',
    class: 'flood',
    target: 'server',
    what: 'one connection more than an address may have: told which limit it is',
    expected: 'GOAWAY TOO_MANY_CONNECTIONS (maxConnectionsPerAddress)',
    run: async (scene) => {
      await Promise.all(Array.from({ length: 256 }, () => scene.enter()));
      const client = await scene.connect();
      const verdict = await client.greet().verdict();
      return `${verdict} (${/maxConnectionsPerAddress/.exec(client.goAwayReason)?.[0] ?? client.goAwayReason})`;
    },
  },
  {
    id: 'flood-handshakes',
    class: 'flood',
    target: 'server',
    what: '750 connections from three addresses that say nothing, where 512 may be: a newcomer gets in all the same',
    expected: ['512 held, a newcomer is served', '511 held, a newcomer is served'],
    run: async (scene) => {
      const clients: HostileClient[] = [];
      for (let i = 0; i < 3; i += 1)
        clients.push(...(await crowd(scene, 250, i === 0 ? scene.from : scene.arena.nextAddress())));
      await scene.arena.honest.newcomer();
      return `${await heldOf(clients, 512)} held, a newcomer is served`;
    },
  },
  {
    id: 'flood-tls-handshakes',
    class: 'flood',
    target: 'server',
    what: '300 TLS handshakes, each thrown away when the server has done its part',
    expected: 'a newcomer is served',
    duration: 30_000,
    run: async (scene) => {
      for (let i = 0; i < 10; i += 1) {
        const clients = await crowd(scene, 30, scene.from, true);
        for (const client of clients) client.destroy();
      }
      await scene.arena.honest.newcomer();
      return 'a newcomer is served';
    },
  },
  {
    id: 'flood-reconnects',
    class: 'flood',
    target: 'server',
    what: '3000 connections that are reset as soon as they are there',
    expected: 'a newcomer is served',
    run: async (scene) => {
      for (let i = 0; i < 60; i += 1) {
        await Promise.all(
          Array.from(
            { length: 50 },
            () =>
              new Promise<void>((resolve) => {
                const socket = dial({ port: scene.port, host: '127.0.0.1', localAddress: scene.from });
                socket.once('close', () => resolve());
                socket.on('error', () => undefined);
                socket.once('connect', () => socket.resetAndDestroy());
              }),
          ),
        );
      }
      await scene.arena.honest.newcomer();
      return 'a newcomer is served';
    },
  },
  {
    id: 'flood-listings',
    class: 'flood',
    target: 'server',
    what: '250 recursive listings of 3000 long names at once, none of which is read (listing bomb)',
    expected: 'a newcomer is served',
    // What 250 listings have under way; 40 times as many files take no more.
    growth: 256,
    run: async (scene) => {
      const path = wideFolder(scene, 3000);
      const client = await scene.enter();
      client.socket.pause();
      for (let i = 0; i < 250; i += 1) client.open('list', { path, recursive: true });
      await scene.arena.honest.newcomer();
      return 'a newcomer is served';
    },
  },
];

export const tightFlood: readonly Attack[] = [
  {
    id: 'flood-listing-entries',
    class: 'flood',
    target: 'server',
    what: 'a listing of more entries than one may have',
    expected: 'RESULT TOO_LARGE',
    run: async (scene) => {
      const path = wideFolder(scene, 150);
      const client = await scene.enter({ hello: { streamWindow: 1_000_000, connectionWindow: 1_000_000 } });
      return client.answer(client.open('list', { path, recursive: true }));
    },
  },
  {
    id: 'flood-connections-all',
    class: 'flood',
    target: 'server',
    what: 'as many connections as the server has, from ten addresses: one more is told so, and who is in stays in',
    expected: 'GOAWAY TOO_MANY_CONNECTIONS',
    run: async (scene) => {
      const inside: HostileClient[] = [];
      let verdict = 'all are let in';
      for (let i = 0; i < 10 && verdict === 'all are let in'; i += 1) {
        const from = scene.arena.nextAddress();
        for (let j = 0; j < 10 && verdict === 'all are let in'; j += 1) {
          const client = await scene.connect({ from });
          client.greet();
          const answer = await client.any(['HELLO', 'GOAWAY']);
          if (typeof answer !== 'string' && answer.name === 'HELLO') {
            await client.anonymous();
            inside.push(client);
          } else
            verdict = typeof answer === 'string' ? answer : `GOAWAY ${await nameOf(answer.number('code'))}`;
        }
      }
      const lost = inside.filter((client) => client.ended).length;
      for (const client of inside) client.destroy();
      await untilServed(scene);
      return lost === 0 ? verdict : `${lost} who were in are out`;
    },
  },
];

async function nameOf(code: number): Promise<string> {
  return (await import('@filex/protocol')).codeName(code);
}

/** The server learns of connections that have ended when it reads: until then it may be full. */
async function untilServed(scene: Scene): Promise<void> {
  for (let i = 0; i < 100; i += 1) {
    try {
      await scene.arena.honest.newcomer();
      return;
    } catch (error) {
      if (i === 99) throw error;
    }
  }
}
