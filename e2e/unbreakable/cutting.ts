import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { ROOM } from '../chaos/line.js';
import type { Direction } from '../chaos/line-fault.js';
import { clientExit, startClient } from '../harness/client.js';
import { differences } from '../harness/differences.js';
import { startNetwork } from '../harness/network.js';
import { startServer } from '../harness/server.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { pseudoRandomBytes } from '../harness/tree.js';

const MiB = 1024 * 1024;
/** Frame headers, the last read of the network, and what the buffers of two sockets hold. */
const IN_BETWEEN = MiB / 2;
/** What a cut may cost: one block that has not come to its end, and what was under way. */
const LOST_AT_A_CUT = MiB + ROOM + IN_BETWEEN;

export interface Cutting {
  /** `up`: an upload. */
  readonly direction: Direction;
  readonly size: number;
  /** Every connection is reset when so many bytes have passed. */
  readonly every: number;
  /**
   * Bytes per second and direction. A cut throws away what the other end has not yet read, which is megabytes when it is slower
   * than the line. Default: as fast as it goes.
   */
  readonly rate?: number | undefined;
  /** File system for both copies. */
  readonly base?: string | undefined;
}

export interface CutTransfer {
  readonly wire: number;
  readonly connections: number;
  readonly seconds: number;
  /** What the client told people meanwhile. */
  readonly screen: string;
}

/** Moves one file through a network that cuts again and again; nobody does anything about it. The copies are compared. */
export async function transferWithCuts({
  direction,
  size,
  every,
  rate,
  base,
}: Cutting): Promise<CutTransfer> {
  const folder = temporaryFolder(base);
  const [local, served] = [folderIn(folder, 'local'), folderIn(folder, 'served')];
  await makeLargeFile(join(direction === 'up' ? local : served, 'large'), size);
  const server = await startServer({ folder: served });
  const network = await startNetwork({
    upstream: server.port,
    faults: () => [
      { kind: 'reset', after: { direction, bytes: every } },
      ...(rate === undefined ? [] : [{ kind: 'rate', bytesPerSecond: rate } as const]),
    ],
  });
  const words =
    direction === 'up' ? ['put', join(local, 'large'), network.url()] : ['get', network.url('large'), local];
  const begin = performance.now();
  const exit = clientExit(await startClient(words).exited);
  const seconds = (performance.now() - begin) / 1000;
  expect(exit.code, exit.stderr).toBe(0);
  expect(differences(local, served).filter((difference) => !difference.includes('/.filex: '))).toEqual([]);
  return {
    wire: network.bytes[direction],
    connections: network.connections,
    seconds,
    screen: exit.stderr,
  };
}

/** The most bytes that may be on the wire. */
export function honestBound({ size, every }: Cutting): number {
  return size + Math.ceil(size / every) * LOST_AT_A_CUT;
}

async function makeLargeFile(path: string, size: number): Promise<void> {
  const file = createWriteStream(path);
  for (let at = 0; at < size; at += 8 * MiB) {
    const piece = pseudoRandomBytes(Math.min(8 * MiB, size - at), at / MiB);
    if (!file.write(piece)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
}
