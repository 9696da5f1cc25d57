import type { Socket } from 'node:net';
import { SLAB_SIZE, TIGHT_SLABS } from '../bounds.js';
import { Slab, slabs } from '../slab-pool.js';
import type { OnRead } from '../socket-reader.js';

/**
 * Reads a TLS socket. It gives one chunk for each record, 16 KiB at most, and each would cost a write to the disk: so what
 * comes in one turn of the event loop is put together in a slab. That copy costs a tenth of what decrypting does.
 *
 * @param mayGather whether this one is worth a slab; asked for each chunk.
 */
export function readGathered(socket: Socket, onRead: OnRead, mayGather: () => boolean): void {
  let chunks: Buffer[] = [];
  let size = 0;
  let turn: NodeJS.Immediate | undefined;
  const deliver = (): void => {
    clearImmediate(turn);
    turn = undefined;
    if (size === 0) return;
    const taken = chunks;
    const total = size;
    chunks = [];
    size = 0;
    if (taken.length === 1 || slabs.out > TIGHT_SLABS) for (const chunk of taken) deliverAlone(chunk, onRead);
    else deliverTogether(taken, total, onRead);
  };
  socket.on('data', (chunk: Buffer) => {
    if (size + chunk.length > SLAB_SIZE) deliver();
    chunks.push(chunk);
    size += chunk.length;
    if (!mayGather()) deliver();
    else turn ??= setImmediate(deliver);
  });
  // What came before the end is told before it.
  for (const event of ['end', 'error', 'close']) socket.on(event, deliver);
}

function deliverAlone(chunk: Buffer, onRead: OnRead): void {
  onRead(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length), new Slab(chunk));
}

function deliverTogether(chunks: readonly Buffer[], size: number, onRead: OnRead): void {
  const slab = slabs.take('receive');
  try {
    let offset = 0;
    for (const chunk of chunks) offset += chunk.copy(slab.buffer, offset);
    onRead(new Uint8Array(slab.buffer.buffer, slab.buffer.byteOffset, size), slab);
  } finally {
    slab.release();
  }
}
