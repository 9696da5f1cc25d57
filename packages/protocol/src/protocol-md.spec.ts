import { createHash, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { codes, FIRST_LOCAL_CODE } from './codes.js';
import { Connection, type ConnectionEvent } from './connection.js';
import { limitTable, MAX_CONTROL_PAYLOAD, MAX_PATH_BYTES, MAX_SEGMENT_BYTES } from './limits.js';
import { machineOf } from './machine/operation.js';
import { stagedUploadEvents, stagedUploadStates, stagedUploadTable } from './machine/staged-upload.js';
import { uploadAttemptEvents, uploadAttemptStates, uploadAttemptsTable } from './machine/upload-attempts.js';
import { receiptSigner, verifyReceipt } from './node/receipts.js';
import { hex } from './testing/bytes.js';
import { figure } from './testing/figures.js';
import { splitFields, splitFrames } from './testing/frames.js';
import { type AnyTable, allTables } from './testing/tables.js';
import { DEFAULT_PORT } from './url.js';
import {
  conflictPolicies,
  digestAlgorithms,
  effects,
  entryKinds,
  type Operation,
  operations,
  outcomes,
  signatureAlgorithms,
} from './vocabulary.js';
import { BLOCK_SIZE, TreeDigest } from './wire/digest.js';
import { authSteps } from './wire/fields.js';
import { type FrameName, frameName, frameScope, frameSender, frameTypes, HEADER_SIZE } from './wire/frame.js';
import { decodeMessage, entryFields, type Messages, messageFields } from './wire/messages.js';
import { PREFACE } from './wire/preface.js';
import { receiptFields, receiptStatementFields } from './wire/receipt.js';

const file = fileURLToPath(new URL('../PROTOCOL.md', import.meta.url));

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const number = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;
const code = (text: string): string => `\`${text}\``;

function frames(): string {
  const names = Object.keys(frameTypes) as FrameName[];
  const where = { connection: '0', stream: 'n', both: '0, n' };
  const from = { client: 'client', server: 'server', both: 'either' };
  return table(
    ['type', 'frame', 'stream', 'from'],
    names.map((name) => [
      number(frameTypes[name], 2),
      name,
      where[frameScope[name]],
      from[frameSender[name]],
    ]),
  );
}

function words(): string {
  const lists: Record<string, readonly (string | undefined)[]> = {
    'conflict policy': conflictPolicies,
    'entry kind': entryKinds,
    outcome: outcomes,
    effect: effects,
    'digest algorithm': digestAlgorithms,
    'authentication step': authSteps,
    'signature algorithm': signatureAlgorithms,
  };
  return table(
    ['kind', 'words'],
    Object.entries(lists).map(([kind, list]) => [
      kind,
      list.flatMap((word, i) => (word === undefined ? [] : [`${i} *${word}*`])).join(', '),
    ]),
  );
}

interface AnyField {
  readonly tag: number;
  readonly required: boolean;
  readonly kind: { readonly name: string };
}

const fieldTable = (title: string, of: Readonly<Record<string, AnyField>>): string =>
  `**${title}**\n\n${table(
    ['tag', 'field', 'kind', ''],
    Object.entries(of).map(([name, field]) => [
      String(field.tag),
      code(name),
      code(field.kind.name),
      field.required ? 'required' : '',
    ]),
  )}`;

function fields(): string {
  return [
    ...Object.entries(messageFields).map(([name, of]) => fieldTable(name, of)),
    fieldTable('An entry', entryFields),
  ].join('\n\n');
}

function receipt(): string {
  const statement = fieldTable('A statement', receiptStatementFields);
  return `${fieldTable('A receipt', receiptFields)}\n\n${statement}`;
}

/** A receipt, byte by byte. */
function receiptExample(): string {
  const pkcs8 = Buffer.from(`302e020100300506032b657004220420${'42'.repeat(32)}`, 'hex');
  const sign = receiptSigner(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }));
  const whole = sign({
    principal: 'ann',
    path: 'inbox/hi.txt',
    size: 5,
    algorithm: 'sha256',
    digest: treeOf(Buffer.from('hello')),
    time: 1_700_000_000_123_456,
    operationId: new Uint8Array(16).fill(0x33),
  });
  const { statement, fault } = verifyReceipt(whole);
  expect(fault).toBeUndefined();
  const lines: string[] = [];
  const explain = (bytes: Uint8Array, of: Readonly<Record<string, AnyField>>, indent: string): void => {
    for (const { tag, value } of splitFields(bytes)) {
      const name = Object.keys(of).find((each) => of[each]?.tag === tag) as string;
      const shown = { version: 1, ...statement }[name as 'version'] as unknown;
      const meaning = shown === undefined || shown instanceof Uint8Array ? '' : ` = ${JSON.stringify(shown)}`;
      const head = `${indent}${hexOf(tag, 4)} ${hexOf(value.length, 4)}`;
      if (name === 'statement') {
        lines.push(`${head.padEnd(50)}statement, ${value.length} bytes`);
        explain(value, receiptStatementFields, '       ');
        continue;
      }
      for (let at = 0; at < value.length; at += 16) {
        const row = `${at === 0 ? head : ' '.repeat(head.length)} ${hex(value.subarray(at, at + 16))}`;
        lines.push(at === 0 ? `${row.padEnd(50)}${name}${meaning}` : row);
      }
    }
  };
  explain(whole, receiptFields, '');
  return `\`\`\`\n${lines.join('\n')}\n\`\`\``;
}

function operationTable(): string {
  return table(
    ['number', 'operation', 'machine'],
    operations.flatMap((name, i) =>
      name === undefined ? [] : [[String(i), name, machineOf[name satisfies Operation]]],
    ),
  );
}

/** A machine as a picture and as a table. */
function machine({ states, initial, table: transitions, events }: AnyTable): string {
  const edges = new Map<string, string[]>();
  const rows = states.map((state) => {
    const allowed = events.flatMap((event) => {
      const next = transitions[state]?.[event];
      if (next === undefined) return [];
      const edge = `${state} --> ${next}`;
      edges.set(edge, [...(edges.get(edge) ?? []), event]);
      return [`${event} → *${next}*`];
    });
    return [`*${state}*`, allowed.length === 0 ? 'nothing' : allowed.join(', ')];
  });
  const picture = [
    'stateDiagram-v2',
    ...initial.map((state) => `  [*] --> ${state}`),
    ...[...edges].map(([edge, labels]) => `  ${edge}: ${labels.join(', ')}`),
    ...states
      .filter((state) => Object.keys(transitions[state] ?? {}).length === 0)
      .map((state) => `  ${state} --> [*]`),
  ];
  return `\`\`\`mermaid\n${picture.join('\n')}\n\`\`\`\n\n${table(['state', 'allowed'], rows)}`;
}

function codeTable(): string {
  return table(
    ['number', 'code', 'retry', 'meaning'],
    Object.entries(codes).map(([name, { number: value, retry, meaning }]) => [
      value >= FIRST_LOCAL_CODE ? `(${number(value, 4)})` : number(value, 2),
      name,
      retry ? 'yes' : '',
      meaning,
    ]),
  );
}

function limitRows(): string {
  const show = (value: number): string => value.toLocaleString('en').replaceAll(',', ' ');
  return table(
    ['limit', 'floor', 'standard', 'cap', 'unit', 'meaning'],
    Object.entries(limitTable).map(([name, { floor, standard, cap, unit, meaning }]) => [
      code(name),
      show(floor),
      show(standard),
      show(cap),
      unit,
      meaning,
    ]),
  );
}

/** Two connections, and what goes between them, written down. */
class Wire {
  readonly lines: string[] = [];
  readonly client = connection('client', 0x11);
  readonly server = connection('server', 0x22);

  pass(from: Connection): ConnectionEvent[] {
    const to = from === this.client ? this.server : this.client;
    for (const part of from.takeOutput()) {
      this.lines.push(...explain(from === this.client ? 'C→S' : 'S→C', part));
      to.receive(part, 0);
    }
    return to.events();
  }

  shakeHands(): void {
    this.pass(this.client);
    this.pass(this.server);
    this.client.authenticate('ANONYMOUS');
    this.pass(this.client);
    this.server.authenticated('anonymous');
    this.server.events();
    this.pass(this.server);
  }

  get text(): string {
    return `\`\`\`\n${this.lines.join('\n')}\n\`\`\``;
  }
}

function treeOf(content: Uint8Array): Uint8Array {
  const tree = new TreeDigest(() => createHash('sha256'));
  tree.update(content);
  return tree.digest();
}

/** One real upload, as it goes over the wire. */
function example(): string {
  const wire = new Wire();
  const { client, server } = wire;
  wire.shakeHands();
  const content = Buffer.from('hello');
  const operationId = new Uint8Array(16).fill(0x33);
  const stream = client.open({ operation: 'upload', path: 'hi.txt', size: 5, operationId });
  client.write(stream, content);
  client.end(stream, 5, treeOf(content));
  const types = wire.pass(client).map(({ type }) => type);
  expect(types).toEqual(['open', 'data', 'end']);
  server.consume(stream, 5);
  server.result(stream, { status: 'OK', effect: 'applied', outcome: 'created', etag: 'v1' });
  expect(wire.pass(server)).toMatchObject([{ type: 'result', result: { status: 'OK' } }]);
  client.shutdown();
  wire.pass(client);
  return wire.text;
}

/** The last bytes of an upload and of a download, each going on in a connection that is open already. */
function resumed(): string {
  const wire = new Wire();
  const { client, server } = wire;
  wire.shakeHands();
  wire.lines.length = 0;
  const start = new Uint8Array(BLOCK_SIZE);
  const rest = Buffer.from('end');
  const content = Buffer.concat([start, rest]);
  const size = content.length;
  const prefix = treeOf(start);
  const digest = treeOf(content);
  const operationId = new Uint8Array(16).fill(0x33);

  const up = client.open({ operation: 'upload', path: 'a', size, operationId, offset: size });
  wire.pass(client);
  server.accept(up, { offset: BLOCK_SIZE, epoch: 2, prefix });
  expect(wire.pass(server)).toMatchObject([{ type: 'accept' }]);
  client.write(up, rest);
  client.end(up, size, digest);
  wire.pass(client);
  server.acknowledge(up, size);
  server.result(up, { status: 'OK', effect: 'applied', outcome: 'created', etag: 'v1' });
  expect(wire.pass(server)).toMatchObject([{ type: 'ack' }, { type: 'result', result: { status: 'OK' } }]);

  const id = new Uint8Array(16).fill(0x44);
  const down = client.open({ operation: 'download', path: 'a', operationId: id, offset: BLOCK_SIZE, prefix });
  wire.pass(client);
  server.accept(down, { offset: BLOCK_SIZE, size, mtime: 1_000_000, etag: 'v1' });
  server.write(down, rest);
  server.end(down, size, digest);
  server.result(down, { status: 'OK', effect: 'none', outcome: 'read' });
  const heard = wire.pass(server).map(({ type }) => type);
  expect(heard).toEqual(['accept', 'data', 'end', 'result']);
  return wire.text;
}

function connection(role: 'client' | 'server', nonce: number): Connection {
  return new Connection({
    role,
    now: 0,
    random: (size) => new Uint8Array(size).fill(nonce),
    agent: `example-${role}`,
  });
}

let waiting = new Uint8Array(0);

function explain(direction: string, part: Uint8Array): string[] {
  const lines: string[] = [];
  const line = (bytes: string, meaning: string): number =>
    lines.push(`${bytes.padEnd(50)}${meaning}`.trimEnd());
  let rest = Uint8Array.from(Buffer.concat([waiting, part]));
  waiting = new Uint8Array(0);
  if (PREFACE.every((byte, i) => rest[i] === byte)) {
    line(`${direction}  ${hex(PREFACE)}`, 'preface');
    rest = rest.slice(PREFACE.length);
  }
  // The header of DATA comes in one part, its bytes in the next.
  const header = rest.length - HEADER_SIZE;
  if (header >= 0 && rest[header + 4] === frameTypes.DATA && splitsAt(rest, header)) {
    waiting = rest.slice(header);
    rest = rest.slice(0, header);
  }
  for (const { type, stream, payload } of splitFrames(rest)) {
    const name = frameName(type) as FrameName;
    const head = `${hexOf(payload.length, 8)} ${hexOf(type, 2)} 00 ${hexOf(stream, 8)}`;
    const on = stream === 0 ? '' : ` on stream ${stream}`;
    line(`${direction}  ${head}`, `${name}${on}, ${payload.length} bytes`);
    if (name === 'DATA') line(`       ${hex(payload)}`, `"${Buffer.from(payload).toString()}"`);
    else for (const [bytes, meaning] of explainFields(name, payload)) line(`       ${bytes}`, meaning);
  }
  return lines;
}

/** Whether frames end exactly at `at`. */
function splitsAt(bytes: Uint8Array, at: number): boolean {
  let end = 0;
  while (end < at) end += HEADER_SIZE + Buffer.from(bytes).readUInt32BE(end);
  return end === at;
}

function hexOf(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function explainFields(name: keyof Messages, payload: Uint8Array): [string, string][] {
  const { message } = decodeMessage(name, payload);
  const names = new Map(Object.entries(messageFields[name]).map(([field, { tag }]) => [tag, field]));
  return splitFields(payload).flatMap(({ tag, value }) => {
    const field = names.get(tag) as string;
    const bytes = [`${hexOf(tag, 4)} ${hexOf(value.length, 4)} ${hex(value.subarray(0, 16))}`];
    for (let at = 16; at < value.length; at += 16)
      bytes.push(`          ${hex(value.subarray(at, at + 16))}`);
    const shown = (message as Record<string, unknown>)[field];
    const meaning = shown instanceof Uint8Array ? '' : ` = ${JSON.stringify(shown)}`;
    return bytes.map((line, i): [string, string] => [line, i === 0 ? `${field}${meaning}` : '']);
  });
}

const memories: readonly AnyTable[] = [
  {
    name: 'stagedUpload',
    initial: ['empty'],
    states: stagedUploadStates,
    events: stagedUploadEvents,
    table: stagedUploadTable,
  },
  {
    name: 'uploadAttempts',
    initial: ['idle'],
    states: uploadAttemptStates,
    events: uploadAttemptEvents,
    table: uploadAttemptsTable,
  },
];

const byName = new Map([...allTables, ...memories].map((each) => [each.name, each]));

const generated: Readonly<Record<string, () => string>> = {
  frames,
  words,
  fields,
  operations: operationTable,
  codes: codeTable,
  limits: limitRows,
  example,
  resumed,
  receipt,
  receiptExample,
  ...Object.fromEntries([...byName].map(([name, each]) => [name, () => machine(each)])),
};

it('PROTOCOL.md says what the code does (npx vitest run src/protocol-md.spec.ts -u)', async () => {
  const text = readFileSync(file, 'utf8');
  const seen: string[] = [];
  const current = text.replaceAll(
    /<!-- generated:(\w+) -->\n[\s\S]*?<!-- \/generated -->/g,
    (_block, name: string) => {
      seen.push(name);
      const make = generated[name];
      if (make === undefined) throw new Error(`nothing is called "${name}"`);
      return `<!-- generated:${name} -->\n\n${make()}\n\n<!-- /generated -->`;
    },
  );
  expect(seen.sort()).toEqual(Object.keys(generated).sort());
  await expect(current).toMatchFileSnapshot(file);
});

it('PROTOCOL.md has the numbers that stand in its sentences', () => {
  const text = readFileSync(file, 'utf8').replaceAll(/\s+/g, ' ');
  expect(text).toContain(`default port is **${DEFAULT_PORT}**`);
  expect(text).toContain(
    `exceed ${MAX_CONTROL_PAYLOAD.toLocaleString('en').replaceAll(',', ' ')} (\`maxControlPayload`,
  );
  expect(text).toContain(`blocks of 1 MiB (${BLOCK_SIZE.toLocaleString('en').replaceAll(',', ' ')} bytes)`);
  expect(text).toContain(`more than ${MAX_PATH_BYTES} bytes, or a segment of more than ${MAX_SEGMENT_BYTES}`);
  expect(text).toContain(`more than ${limitTable.maxUnansweredPings.floor} PINGs unanswered`);
  expect(text).toContain(
    Buffer.from(PREFACE)
      .toString('hex')
      .replaceAll(/(..)(?=.)/g, '$1 '),
  );
  const digestOf = (bytes: string): string => {
    const tree = new TreeDigest(() => createHash('sha256'));
    tree.update(Buffer.from(bytes));
    return hex(tree.digest());
  };
  for (const digest of ['', 'abc'].map(digestOf)) expect(text).toContain(digest);
  // Every link to a section leads to one.
  const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    (title as string)
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
  for (const [, anchor] of text.matchAll(/\]\(#([^)]+)\)/g)) expect(headings).toContain(anchor);
});

describe('the rules of PROTOCOL.md', () => {
  const text = readFileSync(file, 'utf8');
  const rule = /^- \*\*(FX-(\d+)\.(\d+)-(\d+))\*\* /;

  it('have ids that count up within their section', () => {
    let section = '';
    let last = 0;
    let count = 0;
    for (const line of text.split('\n')) {
      const heading = /^#{2,3} (\d+(?:\.\d+)?) /.exec(line)?.[1];
      if (heading !== undefined) [section, last] = [heading, 0];
      const found = rule.exec(line);
      if (found === null) continue;
      const [, id, chapter, part, number] = found;
      const where = section.includes('.') ? section : `${section}.1`;
      expect(`${chapter}.${part}`, id).toBe(where);
      expect(Number(number), id).toBe(last + 1);
      last += 1;
      count += 1;
    }
    expect(count).toBeGreaterThan(200);
  });

  it('are where a capital MUST can stand, and nowhere else', () => {
    const [, ...parts] = text
      .replaceAll(/<!-- [\s\S]*? -->/g, '')
      .replace(/### 1\.1 Rules[\s\S]*?### 1\.2/, '')
      .split(/\n(?=- |\n|#)/);
    const outside = parts.filter(
      (part) => /\b(MUST|SHOULD|MAY|REQUIRED|SHALL)\b/.test(part) && !rule.test(part),
    );
    expect(outside).toEqual([]);
  });

  it('are named only when they exist, and headings are linked as they are called', () => {
    const ids = new Set([...text.matchAll(/\*\*(FX-[\d.]+-\d+)\*\* /g)].map(([, id]) => id));
    for (const [id] of text.matchAll(/FX-\d+\.\d+-\d+/g)) expect(ids).toContain(id);
    figure('rules', ids.size);
    const anchors = new Set(
      [...text.matchAll(/^#{2,3} (.+)$/gm)].map(([, title]) =>
        (title as string)
          .toLowerCase()
          .replaceAll(/[^\w\s-]/g, '')
          .replaceAll(' ', '-'),
      ),
    );
    for (const [, anchor] of text.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors).toContain(anchor);
  });
});
