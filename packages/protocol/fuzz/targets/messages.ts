import { clobber, concat, hex } from '../../src/testing/bytes.js';
import { rawField } from '../../src/testing/frames.js';
import { frameName, type MessageName } from '../../src/wire/frame.js';
import {
  decodeMessage,
  encodeMessage,
  entryFields,
  entrySize,
  messageFields,
} from '../../src/wire/messages.js';
import { splitParts, splitTlv, u16 } from '../inputs.js';
import { messageSeeds } from '../seeds.js';
import { gist, insist, type Target } from './target.js';

interface AnyField {
  readonly tag: number;
  readonly kind: { readonly name: string };
}

/** The payload without the fields that an end of this version passes over, also inside records. */
function known(fields: Readonly<Record<string, AnyField>>, payload: Uint8Array): Uint8Array {
  const kinds = new Map(Object.values(fields).map(({ tag, kind }) => [tag, kind.name]));
  const kept = (splitTlv(payload)?.fields ?? []).filter(({ tag }) => kinds.has(tag) || tag % 2 === 0);
  return concat(
    kept.map(({ tag, value }) => {
      const kind = kinds.get(tag);
      if (kind === 'entry') return rawField(tag, known(entryFields, value));
      return rawField(tag, kind === 'entry[]' ? knownItems(value) : value);
    }),
  );
}

function knownItems(list: Uint8Array): Uint8Array {
  const items: Uint8Array[] = [];
  for (let at = 0; at < list.length; ) {
    const end = at + 2 + u16(list, at);
    const item = known(entryFields, list.subarray(at + 2, end));
    items.push(Uint8Array.of(item.length >> 8, item.length), item);
    at = end;
  }
  return concat(items);
}

/** Every frame of an input is taken for the message of its type. */
export const messages: Target = {
  name: 'messages',
  form: 'frames',
  maxLength: 2048,
  about: (file) => ['fields', 'messages', 'utf8', 'path'].some((name) => file === `wire/${name}.ts`),
  seeds: messageSeeds,
  run(input, note) {
    for (const { type, payload } of splitParts(input).frames) {
      const name = frameName(type % 15);
      if (name !== undefined && name !== 'DATA') check(name, payload, note);
    }
  },
};

function check(name: MessageName, payload: Uint8Array, note: (text: string) => void): void {
  // From a Buffer, as in Node, where a slice is a view.
  const bytes = Buffer.from(Uint8Array.from(payload).buffer);
  const { message, fault } = decodeMessage(name, bytes);
  if (fault !== undefined) {
    insist(fault.startsWith(`${name} `), 'a fault names its message');
    note(gist(fault));
    return;
  }
  note(`${name} ${Object.keys(message).join(' ')}`);
  clobber(bytes);
  const encoded = encodeMessage(name, message);
  const again = hex(encoded);
  encodeMessage('PING', { token: 0x0102_0304_0506 });
  insist(hex(encoded) === again, 'what was encoded is left alone by the next message');
  insist(again === hex(known(messageFields[name], payload)), 'what decodes is written as the same bytes');
  if (name === 'ENTRY') {
    const { entries } = message as { entries: readonly never[] };
    const sizes = entries.reduce((sum, entry) => sum + entrySize(entry), 0);
    insist(4 + sizes === again.length / 2, 'the size of an entry is known before');
  }
}
