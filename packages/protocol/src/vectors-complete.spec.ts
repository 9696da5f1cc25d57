import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Code, codes, FIRST_LOCAL_CODE } from './codes.js';
import { limitTable } from './limits.js';
import { figure } from './testing/figures.js';
import { allTables } from './testing/tables.js';
import {
  frozen,
  isTranscript,
  namesInFolder,
  type TranscriptVector,
  type Vector,
  vectorFiles,
} from './testing/vectors/files.js';
import {
  conflictPolicies,
  digestAlgorithms,
  effects,
  entryKinds,
  operations,
  outcomes,
} from './vocabulary.js';
import { authSteps } from './wire/fields.js';
import { frameTypes } from './wire/frame.js';
import { entryFields, messageFields } from './wire/messages.js';

const files = Object.entries(vectorFiles) as [keyof typeof vectorFiles, { vectors: readonly Vector[] }][];
const transcripts: readonly TranscriptVector[] = [
  ...vectorFiles['handshakes.json'].vectors,
  ...vectorFiles['streams.json'].vectors,
  ...vectorFiles['limits.json'].vectors.filter(isTranscript),
];
const preludes = {
  ...vectorFiles['limits.json'].preludes,
  ...vectorFiles['handshakes.json'].preludes,
  ...vectorFiles['streams.json'].preludes,
};

const readerOf = (vector: TranscriptVector): string | undefined =>
  vector.reader ?? preludes[vector.after as string]?.reader;

/** The codes with which a transcript says that its reader faults. */
const faultsOf = ({ steps }: TranscriptVector): Code[] =>
  steps.flatMap(({ events = [] }) =>
    events.flatMap((event) => (event.event === 'fault' ? [event['code'] as Code] : [])),
  );

/** What is wanted and not there. */
function missing(wanted: readonly string[], there: Iterable<string>): string[] {
  const has = new Set(there);
  return wanted.filter((each) => !has.has(each));
}

describe('there is a valid and an invalid vector', () => {
  it('for every frame', () => {
    const { vectors } = vectorFiles['frames.json'];
    const names = Object.keys(frameTypes);
    expect(
      missing(
        names,
        vectors.flatMap(({ frames }) => frames.map(({ type }) => type)),
      ),
    ).toEqual([]);
    const faulty = vectors
      .filter(({ fault }) => fault !== undefined)
      .map(({ name }) => name.split('/')[0] as string);
    expect(missing(names, faulty)).toEqual([]);
  });

  it('for every field of every message and of an entry', () => {
    const { vectors } = vectorFiles['messages.json'];
    const fields = Object.entries({ ...messageFields, entry: entryFields }).flatMap(([name, each]) =>
      Object.keys(each).map((field) => `${name}.${field}`),
    );
    const about = (valid: boolean): string[] =>
      vectors
        .filter(({ error }) => (error === undefined) === valid)
        .map(({ name }) => name.split('/')[0] as string);
    expect(missing(fields, about(true))).toEqual([]);
    expect(missing(fields, about(false))).toEqual([]);
  });

  it('with and without every optional field, and without every required one', () => {
    const lacking: string[] = [];
    for (const [message, fields] of Object.entries(messageFields)) {
      const valid = vectorFiles['messages.json'].vectors.filter(
        (vector) => vector.message === message && vector.fields !== undefined,
      );
      for (const [name, { required }] of Object.entries(fields)) {
        if (!valid.some((vector) => name in (vector.fields ?? {}))) lacking.push(`${message} with ${name}`);
        const without = required
          ? vectorFiles['messages.json'].vectors.some(
              (vector) => vector.name === `${message}.${name}/missing`,
            )
          : valid.some((vector) => !(name in (vector.fields ?? {})));
        if (!without) lacking.push(`${message} without ${name}`);
      }
    }
    expect(lacking).toEqual([]);
  });

  it('for every word of every list, in every field that has one', () => {
    const lists: Readonly<Record<string, readonly (string | undefined)[]>> = {
      'conflict policy': conflictPolicies,
      'entry kind': entryKinds,
      outcome: outcomes,
      effect: effects,
      'digest algorithm': digestAlgorithms,
      'authentication step': authSteps,
    };
    const wanted = Object.entries({ ...messageFields, entry: entryFields }).flatMap(([message, fields]) =>
      Object.entries(fields).flatMap(([field, { kind }]) =>
        (lists[kind.name] ?? []).flatMap((word) =>
          word === undefined ? [] : [`${message}.${field}/word-${word}`, `${message}.${field}/next-word`],
        ),
      ),
    );
    expect(wanted.length).toBeGreaterThan(20);
    expect(
      missing(
        wanted,
        vectorFiles['messages.json'].vectors.map(({ name }) => name),
      ),
    ).toEqual([]);
  });

  it('for every limit', () => {
    const limits = Object.keys(limitTable);
    const { vectors } = vectorFiles['limits.json'];
    const values = vectors.flatMap((vector) => (isTranscript(vector) ? [] : [vector.limit]));
    expect(missing(limits, values)).toEqual([]);
    // What windows grow to is an end's own affair: nothing of it can be seen from outside.
    const seen = limits.filter((limit) => limit !== 'maxStreamWindow' && limit !== 'maxConnectionWindow');
    const of = (faulty: boolean): string[] =>
      vectors.filter(isTranscript).flatMap((vector) => {
        const { limit = '' } = vector;
        return faultsOf(vector).length > 0 === faulty ? [limit] : [];
      });
    expect(missing(seen, of(false))).toEqual([]);
    // The answer to silence is a question, no fault, so that `keepaliveInterval` has no vector beyond it.
    expect(missing(seen, of(true))).toEqual(['keepaliveInterval']);
  });

  it('for every digest', () => {
    const { vectors } = vectorFiles['digests.json'];
    const names = digestAlgorithms.filter((name) => name !== undefined);
    expect(
      missing(
        names,
        vectors.map(({ algorithm }) => algorithm),
      ),
    ).toEqual([]);
    expect(vectors.every(({ wrong }) => wrong.length > 0)).toBe(true);
  });

  it('for paths, texts, prefaces and addresses', () => {
    for (const file of ['paths.json', 'utf8.json', 'urls.json'] as const) {
      const { vectors } = vectorFiles[file];
      const faulty = (vectors as readonly { readonly error?: Code }[]).filter(
        ({ error }) => error !== undefined,
      );
      expect(faulty.length).toBeGreaterThan(10);
      expect(vectors.length - faulty.length).toBeGreaterThan(10);
    }
    const kinds = new Set(vectorFiles['preface.json'].vectors.map(({ preface }) => preface));
    expect(kinds).toEqual(new Set(['whole', 'incomplete', 'foreign']));
  });
});

describe('there is a transcript', () => {
  /** What an end faults with; the other codes answer operations, or end a connection for another reason. */
  const faults: readonly Code[] = [
    'BAD_PREFACE',
    'FRAME_TOO_LARGE',
    'FRAME_UNKNOWN',
    'FRAME_MALFORMED',
    'MESSAGE_MALFORMED',
    'STATE_VIOLATION',
    'CREDIT_EXCEEDED',
    'STREAM_LIMIT',
    'VERSION_UNSUPPORTED',
    'TIMEOUT',
    'RATE_LIMITED',
    'LENGTH_MISMATCH',
  ];

  it('for every fault, on either side where it can be', () => {
    for (const reader of ['client', 'server']) {
      const seen = new Set(transcripts.filter((vector) => readerOf(vector) === reader).flatMap(faultsOf));
      // Only a server is sent OPEN.
      const wanted = faults.filter((code) => reader === 'server' || code !== 'STREAM_LIMIT');
      expect([...seen].sort()).toEqual([...wanted].sort());
    }
  });

  it('for every operation, on either side', () => {
    const seen = transcripts.flatMap((vector) =>
      vector.steps.flatMap((step) => [
        ...(step.do?.action === 'open' ? [`client ${step.do['operation'] as string}`] : []),
        ...(step.events ?? []).flatMap((event) =>
          event.event === 'open' ? [`server ${event['operation'] as string}`] : [],
        ),
      ]),
    );
    const names = operations.filter((name) => name !== undefined);
    const wanted = names.flatMap((name) => [`client ${name}`, `server ${name}`]);
    expect(missing(wanted, seen)).toEqual([]);
  });

  it('for every event that a peer can cause, in every state of a stream in which it can be heard', () => {
    const wanted: string[] = [];
    for (const { name: machine, states, events } of allTables.filter(({ name }) => name !== 'connection')) {
      for (const state of states) {
        for (const event of events) {
          const reader = event.startsWith('I_') ? 'server' : 'client';
          // A client leaves *settled* at once, by its own RESET.
          if (reader === 'client' && state === 'settled') continue;
          wanted.push(`${reader}/${machine}/${state}/${event}`);
        }
      }
    }
    expect(
      missing(
        wanted,
        vectorFiles['streams.json'].vectors.map(({ name }) => name),
      ),
    ).toEqual([]);
  });

  it('for every frame from the peer in every state of the connection', () => {
    const wanted = (
      [
        ['client', ['greeted', 'negotiated', 'authenticating', 'open', 'draining', 'closed']],
        ['server', ['idle', 'negotiated', 'authenticating', 'open', 'draining', 'closed']],
      ] as const
    ).flatMap(([reader, states]) =>
      states.flatMap((state) => Object.keys(frameTypes).map((frame) => `${reader}-${state}/${frame}`)),
    );
    expect(
      missing(
        wanted,
        vectorFiles['handshakes.json'].vectors.map(({ name }) => name),
      ),
    ).toEqual([]);
  });
});

describe('the tables', () => {
  it('of states are there whole', () => {
    const wanted = allTables.flatMap(({ name, states }) => states.map((state) => `${name}/${state}`));
    expect(vectorFiles['machines.json'].vectors.map(({ name }) => name).sort()).toEqual(wanted.sort());
  });

  it('of codes are there whole', () => {
    const numbers = new Set(vectorFiles['codes.json'].vectors.map(({ number }) => number));
    expect(Object.values(codes).filter(({ number }) => !numbers.has(number))).toEqual([]);
    const local = vectorFiles['codes.json'].vectors.filter(({ number }) => number >= FIRST_LOCAL_CODE);
    expect(local.every(({ code }) => code === 'UNKNOWN_CODE')).toBe(true);
  });
});

describe('every vector', () => {
  const protocol = readFileSync(fileURLToPath(new URL('../PROTOCOL.md', import.meta.url)), 'utf8');
  const rules = new Set([...protocol.matchAll(/^- \*\*(FX-[\d.]+-\d+)\*\*/gm)].map(([, id]) => id as string));

  it.each(files)(
    'of %s has a name of its own, says what it shows, and by which rules',
    (_file, { vectors }) => {
      const names = vectors.map(({ name }) => name);
      expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
      for (const { name, description, rules: shown } of vectors) {
        expect(description, name).toMatch(/^.{3,}[.:]$/);
        expect(shown, name).not.toEqual([]);
        expect(
          shown.filter((id) => !rules.has(id)),
          name,
        ).toEqual([]);
        expect(new Set(shown).size, name).toBe(shown.length);
      }
    },
  );

  it('is in a file that is run', () => {
    expect([...namesInFolder].sort()).toEqual(
      [...files.map(([file]) => file), 'FROZEN.json', 'README.md'].sort(),
    );
  });

  it.each(files)('of %s is as it was published', (file, content) => {
    const all = [
      ...Object.entries((content as { preludes?: object }).preludes ?? {}).map(([name, prelude]) => ({
        ...(prelude as object),
        name: `prelude ${name}`,
      })),
      ...content.vectors,
    ];
    const now = Object.fromEntries(all.map((vector) => [vector.name, digestOf(vector)]));
    // What is new is frozen by `node scripts/vectors.mjs`; what is there does not change and does not go.
    expect(now).toEqual(frozen[file]);
    figure('vectors', content.vectors.length);
  });
});

it('the script that wrote the vectors would write the same again', () => {
  const script = fileURLToPath(new URL('../scripts/vectors.mjs', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

/** What is frozen of a vector: everything but the words for people and the rules. */
function digestOf(vector: object): string {
  const { description: _, rules: __, ...rest } = vector as Record<string, unknown>;
  return createHash('sha256')
    .update(JSON.stringify(inOrder(rest)))
    .digest('hex')
    .slice(0, 16);
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, inOrder(each)]),
  );
}
