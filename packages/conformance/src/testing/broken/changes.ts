import { splitFields } from '../../wire/decode.js';
import { type Fields, joinFields, tagOf } from '../../wire/encode.js';
import { frameName, type RawFrame, rawFrame } from '../../wire/frame.js';
import type { MessageName } from '../../wire/messages.js';

/** Changes the fields of the messages of one kind; undefined leaves a message as it is. */
export function fields(
  name: MessageName,
  change: (fields: [number, Buffer][], frame: RawFrame) => Fields | undefined,
): (frame: RawFrame) => Uint8Array | undefined {
  return (frame) => {
    if (frameName(frame.type) !== name) return undefined;
    const changed = change(splitFields(frame.payload), frame);
    return changed === undefined ? undefined : rawFrame(frame.type, frame.stream, joinFields(changed));
  };
}

/** Gives one field of a message another value. */
export function set(name: MessageName, field: string, value: (old: Buffer) => Buffer) {
  const tag = tagOf(name, field);
  return fields(name, (all) => all.map(([each, old]) => [each, each === tag ? value(old) : old] as const));
}
