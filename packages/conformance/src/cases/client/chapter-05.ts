import type { ClientTrial } from '../../session/client-trial.js';
import type { FieldInfo } from '../../spec/parse.js';
import { specification } from '../../spec/specification.js';
import { u16, u64, utf8 } from '../../wire/bytes.js';
import { splitFields } from '../../wire/decode.js';
import { type Fields, fieldsOf, joinFields, layoutOf } from '../../wire/encode.js';
import type { Loose, MessageName } from '../../wire/messages.js';
import { type CheckClient, clientCasesOf } from './client-case.js';
import { someEntries } from './endings.js';
import { type PlaceOf, places, sendAt } from './places.js';

/** One way to write a message wrong: from its honest fields to what is sent. */
interface Damage {
  readonly rules: readonly string[];
  readonly title: string;
  of(fields: [number, Buffer][]): Buffer;
}

const widths: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4, u64: 8, i64: 8 };

/** Everything that chapter 5 forbids, for a message of such fields. */
function damagesOf(layout: readonly FieldInfo[]): Damage[] {
  const even = Math.max(...layout.map(({ tag }) => tag)) + 102;
  const unknownEven = even % 2 === 0 ? even : even + 1;
  const damages: Damage[] = [
    {
      rules: ['FX-5.1-6'],
      title: 'with an unknown even field',
      of: (fields) => joinFields([...fields, [unknownEven, utf8('what')]]),
    },
    {
      rules: ['FX-5.1-1'],
      title: 'with a field twice',
      of: ([first, ...rest]) => joinFields([first, first, ...rest] as Fields),
    },
    {
      rules: ['FX-5.1-1'],
      title: 'with unknown odd fields out of order',
      of: (fields) => joinFields([...fields, [0xfff3, utf8('b')], [0xfff1, utf8('a')]]),
    },
    {
      rules: ['FX-5.1-2'],
      title: 'that is cut inside a value',
      of: (fields) => joinFields([...fields, [0xfff1, utf8('cut')]]).subarray(0, -1),
    },
    {
      rules: ['FX-5.1-2'],
      title: 'that is cut inside the header of a field',
      of: (fields) => Buffer.concat([joinFields(fields), u16(0xfff1), Buffer.of(0)]),
    },
    {
      rules: ['FX-5.1-2'],
      title: 'whose last field promises more',
      of: (fields) => Buffer.concat([joinFields(fields), u16(0xfff1), u16(0xffff), utf8('more')]),
    },
  ];
  if (layout.filter(({ required }) => required).length > 1)
    damages.push({
      rules: ['FX-5.1-1'],
      title: 'with its fields in the wrong order',
      of: (fields) => joinFields([...fields].reverse()),
    });
  for (const info of layout) damages.push(...damagesOfField(info));
  return damages;
}

function damagesOfField({ tag, name, kind, required }: FieldInfo): Damage[] {
  const damages: Damage[] = [];
  const instead = (rules: string | readonly string[], title: string, value: Buffer): void => {
    damages.push({
      rules: [rules].flat(),
      title: `with ${title} as "${name}"`,
      of: (fields) =>
        joinFields([...fields.filter(([each]) => each !== tag), [tag, value] as const].sort(byTag)),
    });
  };
  if (required)
    damages.push({
      rules: ['FX-5.1-7'],
      title: `without "${name}"`,
      of: (fields) => joinFields(fields.filter(([each]) => each !== tag)),
    });
  const width = widths[kind];
  const words = specification.words[kind];
  const text = /^text\[0\.\.(\d+)\]$/.exec(kind)?.[1];
  const bytes = /^bytes\[(\d+)\]$/.exec(kind)?.[1];
  if (width !== undefined) {
    instead('FX-5.1-3', `${width + 1} bytes`, Buffer.alloc(width + 1, 1));
    instead('FX-5.1-3', `${width - 1} bytes`, Buffer.alloc(width - 1, 1));
  }
  if (kind === 'u64') instead('FX-5.2-1', '2^53', u64(2n ** 53n));
  if (kind === 'i64') instead('FX-5.2-1', '-2^53', u64(-(2n ** 53n)));
  if (words !== undefined) {
    instead('FX-5.2-2', 'a number that no word has', Buffer.of(Math.max(...Object.values(words)) + 1));
    instead('FX-5.1-3', 'two bytes', Buffer.of(0, 0));
  }
  if (text !== undefined) {
    instead('FX-5.2-5', 'a text that is too long', Buffer.alloc(Number(text) + 1, 0x61));
    instead('FX-5.2-3', 'bytes that are no UTF-8', Buffer.from('61ff', 'hex'));
    if (!required && ['detail', 'agent', 'principal'].includes(name)) {
      instead('FX-5.2-3', 'an overlong form', Buffer.from('c0af', 'hex'));
      instead('FX-5.2-3', 'half a surrogate pair', Buffer.from('eda080', 'hex'));
    }
  }
  if (bytes !== undefined)
    instead(['FX-5.2-5', 'FX-5.1-3'], `${Number(bytes) - 1} bytes`, Buffer.alloc(Number(bytes) - 1, 1));
  if (kind === 'u16[]') instead('FX-5.2-5', 'half an item', Buffer.alloc(3));
  if (kind.endsWith('][]'))
    instead('FX-5.2-5', 'a list that is cut inside an item', Buffer.from('000541', 'hex'));
  if (kind === 'entry[]')
    instead('FX-5.2-5', 'a list that is cut inside an item', Buffer.from('000502', 'hex'));
  if (kind === 'flag') instead('FX-5.1-3', 'a byte', Buffer.of(0));
  if (kind === 'path') instead('FX-5.1-4', 'an empty path, written', Buffer.alloc(0));
  return damages;
}

function byTag([a]: readonly [number, Uint8Array], [b]: readonly [number, Uint8Array]): number {
  return a - b;
}

/** What a client must take as if it were not there, and what it must refuse, of one message. */
function messageCases(check: CheckClient, name: MessageName, { verb, reach }: PlaceOf): void {
  // An honest server sends no PONG of its own accord.
  if (name !== 'PONG')
    check(verb, 'FX-5.1-5', `unknown odd fields in ${name} are ignored`, async (trial) => {
      const place = await reach(trial);
      const odd: [number, Buffer][] = [
        [0xfff1, Buffer.alloc(0)],
        [0xfff3, Buffer.from('ff00ff', 'hex')],
        [0xffff, Buffer.alloc(1000, 0xee)],
      ];
      sendAt(name, place, joinFields([...place.fields, ...odd]));
      await place.goOn();
    });
  const seen = new Set<string>();
  for (const { rules, title, of } of damagesOf(layoutOf(name))) {
    const variation = seen.has(rules.join());
    seen.add(rules.join());
    const run = async (trial: ClientTrial): Promise<void> => {
      const place = await reach(trial);
      sendAt(name, place, of(place.fields));
      await trial.expectFault(place.session, 'MESSAGE_MALFORMED');
    };
    check(verb, rules, `${name} ${title}`, run, { variation });
  }
}

/** An entry as a list of fields. */
function entryBytes(change: (fields: [number, Buffer][]) => Buffer): Buffer {
  const one = someEntries[0] as (typeof someEntries)[number];
  const [[, list]] = fieldsOf('ENTRY', { entries: [one] }) as [[number, Buffer]];
  return change(splitFields(list.subarray(2)));
}

/** Messages. */
export const chapter05 = clientCasesOf((check) => {
  for (const [name, place] of Object.entries(places)) messageCases(check, name as MessageName, place);

  check('ls', ['FX-5.1-8', 'FX-5.1-5'], 'unknown odd fields in an entry are ignored', async (trial) => {
    const { session, stream, goOn } = await places.ENTRY.reach(trial);
    session.entries(stream, [entryBytes((fields) => joinFields([...fields, [0xfff1, utf8('odd')]]))]);
    await goOn();
  });
  for (const { rules, title, of } of damagesOf(layoutOf('entry'))) {
    check('ls', ['FX-5.1-8', ...rules], `an entry ${title}`, async (trial) => {
      const { session, stream } = await places.ENTRY.reach(trial);
      session.entries(stream, [entryBytes(of)]);
      await trial.expectFault(session, 'MESSAGE_MALFORMED');
    });
  }

  check(
    'get',
    ['FX-5.1-8', 'FX-5.1-6'],
    'the entry in a RESULT with an unknown even field',
    async (trial) => {
      trial.manual.add('stat');
      const session = await trial.session();
      const watch = await session.openedAny(['stat', 'download']);
      if (watch.operation !== 'stat') trial.notApplicable('this client does not ask what it downloads');
      const entry = entryBytes((fields) => joinFields([...fields, [100, utf8('even')]]));
      session.result(watch.id, {
        effect: 'none',
        entry: entry as unknown as NonNullable<Loose<'RESULT'>['entry']>,
      });
      await trial.expectFault(session, 'MESSAGE_MALFORMED');
    },
  );

  check('ls', 'FX-5.2-4', 'a RESULT that says success is one, whatever its text', async (trial) => {
    const { session, stream } = await trial.opened();
    session.entries(stream, someEntries);
    session.result(stream, { effect: 'none', detail: 'NOT_FOUND: error, failed, no such file' });
    await session.expectEnd();
    await trial.expectSuccess();
  });

  check(
    'ls',
    ['FX-5.2-4', 'FX-16.1-1'],
    'a RESULT that says failure is one, whatever its text',
    async (trial) => {
      const { session, stream } = await trial.opened();
      session.refuse(stream, 'PERMISSION_DENIED', { detail: 'OK' });
      await session.expectEnd();
      await trial.expectFailure();
    },
  );
});
