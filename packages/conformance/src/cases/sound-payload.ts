import { encode } from '../wire/encode.js';
import type { Loose, MessageName } from '../wire/messages.js';
import { treeDigest } from '../wire/tree-digest.js';

const sound: { readonly [N in MessageName]?: Loose<N> } = {
  HELLO: {},
  AUTH: { mechanism: 'ANONYMOUS' },
  OPEN: { operation: 4, operationId: Buffer.alloc(16, 7), path: 'a' },
  ACCEPT: { offset: 0, epoch: 0 },
  END: { length: 0, digest: treeDigest(Buffer.alloc(0)) },
  ACK: { offset: 0 },
  ENTRY: { entries: [] },
  RESULT: { status: 0, effect: 'none' },
  RESET: { code: 0x20, finalOffset: 0 },
  CREDIT: { limit: 1 },
  PING: { token: 1 },
  PONG: { token: 1 },
  GOAWAY: { code: 0, lastStream: 0 },
};

/** A sound payload for a frame of any kind that is wrong elsewhere; AUTH is that of `sender`. */
export function soundPayload(name: string, sender: 'client' | 'server'): Buffer {
  if (name === 'DATA') return Buffer.from('x');
  if (name === 'AUTH' && sender === 'server')
    return encode('AUTH', { step: 'success', principal: 'anonymous' });
  return encode(name as MessageName, sound[name as MessageName] ?? {});
}
