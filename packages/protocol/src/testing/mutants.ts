import type { Defect } from './defect.js';
import { journalMutants } from './explorer/journal/mutants.js';
import { explorerMutants } from './explorer/mutants.js';

/**
 * Small deliberate defects, each of a class that was found in a well-known parser, each with the property that has to
 * notice it: `mutants.spec.ts` runs that property against the source changed in this one place and expects it to fail.
 */
export interface Mutant extends Defect {
  /** Module in `properties/`, and the beginning of the name of the property. */
  readonly property: readonly [module: string, name: string];
}

export const mutants: readonly Mutant[] = [
  {
    name: 'a signed length',
    file: 'wire/frame.ts',
    find: '(bytes[offset + 3] as number)) >>>\n    0',
    replace: '(bytes[offset + 3] as number)) >>\n    0',
    property: ['decoder', 'a length is unsigned'],
  },
  {
    name: 'a limit that is checked after buffering, or never',
    file: 'wire/decoder.ts',
    find: 'length > this.#limits.maxControlPayload',
    replace: 'length > 0xffff_ffff',
    property: ['decoder', 'a length is unsigned and judged'],
  },
  {
    name: 'an allocation sized by a header',
    file: 'wire/decoder.ts',
    find: 'Math.min(this.#length, Math.max(needed, 2 * this.#kept.length))',
    replace: 'this.#length',
    property: ['decoder', 'what is kept and allocated'],
  },
  {
    name: 'a view over a buffer that is used again',
    file: 'wire/decoder.ts',
    find: '    this.#kept = new Uint8Array(HEADER_SIZE);\n',
    replace: '',
    property: ['decoder', 'a control payload is a view'],
  },
  {
    name: 'a copy of every payload',
    file: 'wire/decoder.ts',
    find: 'this.#sink.onData(this.#stream, view)',
    replace: 'this.#sink.onData(this.#stream, view.slice())',
    property: ['decoder', 'data is a view'],
  },
  {
    name: 'a copy of a chunk that is payload from end to end',
    file: 'wire/decoder.ts',
    find: 'this.#sink.onData(this.#stream, chunk)',
    replace: 'this.#sink.onData(this.#stream, Uint8Array.from(chunk))',
    property: ['decoder', 'data is a view'],
  },
  {
    name: 'a payload that ends one chunk late',
    file: 'wire/decoder.ts',
    find: 'chunk.length < this.#remaining',
    replace: 'chunk.length <= this.#remaining',
    property: ['decoder', 'data is a view'],
  },
  {
    name: 'an impossible length',
    file: 'wire/decoder.ts',
    find: 'if (length === 0) return this.#fault',
    replace: 'if (length < 0) return this.#fault',
    property: ['decoder', 'a length is unsigned and judged'],
  },
  {
    name: 'a header that is only right in one piece',
    file: 'wire/decoder.ts',
    find: 'this.#header.set(chunk.subarray(from, from + take), this.#keptLength)',
    replace: 'this.#header.set(chunk.subarray(from, from + take))',
    property: ['decoder', 'a cut anywhere'],
  },
  {
    name: 'a word after the last word',
    file: 'wire/decoder.ts',
    find: '    this.stop();\n    this.#sink.onFault',
    replace: '    this.#sink.onFault',
    property: ['decoder', 'garbage never throws'],
  },
  {
    name: 'a field twice',
    file: 'wire/messages.ts',
    find: 'if (tag <= previous)',
    replace: 'if (tag < previous)',
    property: ['messages', 'fields out of order or twice'],
  },
  {
    name: 'fields in any order',
    file: 'wire/messages.ts',
    find: '    previous = tag;\n',
    replace: '    previous = Math.min(tag, 0);\n',
    property: ['messages', 'fields out of order or twice'],
  },
  {
    name: 'an unknown field that matters, passed over',
    file: 'wire/messages.ts',
    find: 'tag % 2 === 0',
    replace: 'tag % 2 === 2',
    property: ['messages', 'an unknown odd field'],
  },
  {
    name: 'a value with bytes to spare',
    file: 'wire/fields.ts',
    find: 'if (to - from !== expected)',
    replace: 'if (to - from < expected)',
    property: ['messages', 'a field of the wrong width'],
  },
  {
    name: 'a number that a double cannot hold',
    file: 'wire/fields.ts',
    find: "if (value > MAX_U64) throw new FieldFault('is more than 2^53-1');",
    replace: '',
    property: ['messages', 'a number beyond 2^53-1'],
  },
  {
    name: 'a decoded value that is still a view, because the input is a Buffer',
    file: 'wire/fields.ts',
    find: 'width(from, to, size);\n      return copyOf(bytes, from, to);',
    replace: 'width(from, to, size);\n      return bytes.slice(from, to);',
    property: ['messages', 'what was decoded does not change'],
  },
  {
    name: 'an encoded message in a buffer that is used again',
    file: 'wire/messages.ts',
    find: 'return encodeMessageView(name, message).slice();',
    replace: 'return encodeMessageView(name, message);',
    property: ['messages', 'what was decoded does not change'],
  },
  {
    name: 'a way up and out of the folder',
    file: 'wire/path.ts',
    find: 'bytes > 2 || path.charCodeAt(start) !== dot',
    replace: 'bytes > 1 || path.charCodeAt(start) !== dot',
    property: ['path', 'is judged by the codec'],
  },
  {
    name: 'a file that can pose as a list of leaves',
    file: 'wire/digest.ts',
    find: 'const LEAF = Uint8Array.of(0x00)',
    replace: 'const LEAF = Uint8Array.of(0x01)',
    property: ['digest', 'is what its definition says'],
  },
  {
    name: 'credit that is returned on receipt',
    file: 'machine/credit.ts',
    find: 'const next = this.#consumed + this.#window',
    replace: 'const next = this.#received + this.#window',
    property: ['credit', 'is never exceeded'],
  },
  {
    name: 'credit that nobody checks',
    file: 'machine/credit.ts',
    find: 'if (this.#received + count > this.#limit) return false;',
    replace: '',
    property: ['credit', 'refuses what goes too far'],
  },
  {
    name: 'an old grant that takes a newer one back',
    file: 'machine/credit.ts',
    find: 'if (limit <= this.#limit) return false;',
    replace: '',
    property: ['credit', 'refuses what goes too far'],
  },
  {
    name: 'credit that is lost with what is dropped',
    file: 'connection/connection.ts',
    find: '      this.#consume(record.id, record.receive, bytes.length);\n',
    replace: '',
    property: ['pair', 'end with the same view'],
  },
  {
    name: 'a RESET that crosses a RESULT, taken for a violation',
    file: 'connection/connection.ts',
    find: 'if (before === undefined && this.#hasEnded(stream)) return;',
    replace: '',
    property: ['pair', 'end with the same view'],
  },
  {
    name: 'an initiator that is refused and does not say that it stopped',
    file: 'connection/connection.ts',
    find: "this.#sendReset(record, 'CANCELLED', undefined);",
    replace: '',
    property: ['pair', 'end with the same view'],
  },
  {
    name: 'bytes under way to a refused upload, taken for a violation',
    file: 'machine/upload.ts',
    find: "settled: { I_DATA: 'settled', ",
    replace: 'settled: { ',
    property: ['pair', 'end with the same view'],
  },
  {
    name: 'output in a buffer that is used again',
    file: 'connection/output-queue.ts',
    find: '      this.#parts = [];\n      return all;',
    replace:
      '      this.#parts = [];\n      this.#arenaEnd = 0;\n      this.#openFrom = 0;\n      return all;',
    property: ['output', 'what is put in comes out'],
  },
  {
    name: 'a copy of every payload on its way out',
    file: 'connection/output-queue.ts',
    find: 'this.#parts.push(bytes);',
    replace: 'this.#parts.push(bytes.slice());',
    property: ['output', 'file bytes leave'],
  },
  {
    name: 'a window that opens again only when all of it was used',
    file: 'machine/credit.ts',
    find: 'const UPDATE_FRACTION = 4;',
    replace: 'const UPDATE_FRACTION = 1;',
    property: ['credit', 'keeps flowing'],
  },
  {
    name: 'a frame from the future, taken for a fault',
    file: 'wire/decoder.ts',
    find: 'if (type < FIRST_IGNORABLE_TYPE)',
    replace: 'if (type < 0xc0)',
    property: ['ignorable', 'what may be passed over'],
  },
  {
    name: 'PONGs that pile up',
    file: 'connection/connection.ts',
    find: 'this.#pongsWaiting.length >= this.limits.maxUnansweredPings',
    replace: 'this.#pongsWaiting.length >= 1e9',
    property: ['flood', 'PINGs are answered'],
  },
  {
    name: 'answers that nobody reads, not counted',
    file: 'connection/connection.ts',
    find: 'this.#streams.size + this.#lastWordsWaiting.length >=',
    replace: 'this.#streams.size >=',
    property: ['flood', 'streams are taken'],
  },
  {
    name: 'a handshake that every byte makes longer',
    file: 'connection/connection.ts',
    find: 'return this.#connectedAt + this.limits.handshakeTimeout;',
    replace: 'return this.#heardAt + this.limits.handshakeTimeout;',
    property: ['flood', 'a handshake ends'],
  },
  {
    name: 'a frame that no table allows, taken',
    file: 'connection/connection.ts',
    find: 'if (record === undefined || next === undefined) {',
    replace: 'if (record === undefined) {',
    property: ['product', 'a stream takes'],
  },
  {
    name: 'an end that does what no table allows',
    file: 'connection/connection.ts',
    find: 'if (!this.#allows(record, event)) {\n      throw',
    replace: 'if (!record) {\n      throw',
    property: ['product', 'a stream lets'],
  },
  {
    name: 'a way out of closed',
    file: 'machine/upload.ts',
    find: 'closed: {},',
    replace: "closed: { I_RESET: 'cancelled' },",
    property: ['product', 'a stream takes'],
  },
  {
    name: 'operations before authentication',
    file: 'connection/connection.ts',
    find: "if (!this.#hear(name === 'OPEN' ? 'C_OPEN' :",
    replace: "if (name !== 'OPEN' && !this.#hear(name === 'OPEN' ? 'C_OPEN' :",
    property: ['product', 'a connection takes'],
  },
  {
    name: 'an old connection that still writes',
    file: 'machine/staged-upload.ts',
    find: 'return epoch < upload.epoch;',
    replace: 'return epoch < 0;',
    property: ['resumption', 'an upload that is cut'],
  },
  {
    name: 'a commit that nobody remembers',
    file: 'machine/staged-upload.ts',
    find: "RECORDED: 'committed'",
    replace: "RECORDED: 'empty'",
    property: ['resumption', 'an upload that is cut'],
  },
  {
    name: 'an attempt that was lost after END, taken for none',
    file: 'machine/upload-attempts.ts',
    find: "effect: before === 'none' ? 'unknown' : before }",
    replace: 'effect: before }',
    property: ['resumption', 'a client that gives up'],
  },
];

/** Those of the explorer are numbered after these. */
const defects: readonly Defect[] = [...mutants, ...explorerMutants, ...journalMutants];

/** `?mutant=3` on a module stands for the module as it is in a program that has mutant 3; its imports inherit it. */
const query = /\?mutant=(\d+)$/;

interface Resolver {
  resolve(
    source: string,
    importer: string,
    options: { skipSelf: boolean },
  ): Promise<{ id: string; external: unknown } | null>;
}

/** A plugin for vite that loads modules with a mutant in them, beside the real ones. */
export function mutantLoader() {
  return {
    name: 'filex-mutants',
    enforce: 'pre' as const,
    async resolveId(this: unknown, source: string, importer: string | undefined) {
      const own = query.exec(source);
      const inherited = importer === undefined || !source.startsWith('.') ? null : query.exec(importer);
      const mutant = own ?? inherited;
      if (mutant === null || importer === undefined) return null;
      const found = await (this as Resolver).resolve(source.replace(query, ''), importer.replace(query, ''), {
        skipSelf: true,
      });
      return found === null ? null : { ...found, id: `${found.id}${mutant[0]}` };
    },
    transform(code: string, id: string): { code: string; map: null } | null {
      const number = query.exec(id)?.[1];
      const mutant = number === undefined ? undefined : defects[Number(number)];
      if (mutant === undefined || !id.replace(query, '').endsWith(`/src/${mutant.file}`)) return null;
      const parts = code.split(mutant.find);
      if (parts.length !== 2) {
        throw new Error(
          `"${mutant.find}" is ${parts.length - 1} times in ${mutant.file}: bring mutants.ts up to date`,
        );
      }
      return { code: parts.join(mutant.replace), map: null };
    },
  };
}
