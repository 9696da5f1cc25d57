/** One rule of PROTOCOL.md. */
export interface Rule {
  /** `FX-4.2-3`. */
  readonly id: string;
  readonly chapter: number;
  /** `4.2`. */
  readonly section: string;
  /** The text as it stands there, in one line. */
  readonly text: string;
}

export interface FrameInfo {
  readonly type: number;
  /** Streams it may be on: the connection itself, one of its own, or both. */
  readonly scope: 'connection' | 'stream' | 'both';
  readonly from: 'client' | 'server' | 'either';
}

export interface FieldInfo {
  readonly tag: number;
  readonly name: string;
  /** `u32`, `text[0..64][]`, `conflict policy`, … */
  readonly kind: string;
  readonly required: boolean;
}

/** What PROTOCOL.md says in a form that programs can use. */
export interface Specification {
  readonly rules: readonly Rule[];
  /** Title by number. */
  readonly chapters: Readonly<Record<string, string>>;
  readonly frames: Readonly<Record<string, FrameInfo>>;
  /** Number by word, for every kind that is a list of words. */
  readonly words: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** By frame; those of what is inside of messages are called `entry`, `receipt` and `statement`. */
  readonly messages: Readonly<Record<string, readonly FieldInfo[]>>;
  readonly operations: Readonly<Record<string, { readonly number: number; readonly machine: string }>>;
  /** Machine -> state -> event -> next state. */
  readonly machines: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;
  readonly codes: Readonly<Record<string, number>>;
  readonly limits: Readonly<Record<string, { floor: number; standard: number; cap: number }>>;
}

/**
 * Reads PROTOCOL.md. All that this package knows of the protocol comes from there, and nothing from an implementation:
 * so the two cannot make the same mistake.
 */
export function parseSpecification(markdown: string): Specification {
  const block = (name: string): string => {
    const found = new RegExp(`<!-- generated:${name} -->([\\s\\S]*?)<!-- /generated -->`).exec(markdown);
    if (found === null) throw new Error(`PROTOCOL.md has no tables "${name}"`);
    return found[1] as string;
  };
  const operations = Object.fromEntries(
    rows(block('operations')).map(([number, name, machine]) => [name, { number: Number(number), machine }]),
  ) as Specification['operations'];
  const machines = ['connection', ...new Set(Object.values(operations).map(({ machine }) => machine))];
  return {
    rules: rulesOf(markdown),
    chapters: Object.fromEntries(
      [...markdown.matchAll(/^## (\d+) (.+)$/gm)].map(([, number, title]) => [number, title]),
    ),
    frames: Object.fromEntries(
      rows(block('frames')).map(([type, name, stream, from]) => [
        name,
        { type: Number(type), scope: scopes[stream as string], from } as FrameInfo,
      ]),
    ),
    words: Object.fromEntries(
      rows(block('words')).map(([kind, words]) => [
        kind,
        Object.fromEntries(
          [...(words as string).matchAll(/(\d+) \*([\w-]+)\*/g)].map(([, number, word]) => [
            word,
            Number(number),
          ]),
        ),
      ]),
    ),
    messages: Object.fromEntries(
      [...`${block('fields')}${block('receipt')}`.matchAll(/\*\*(.+?)\*\*\n\n((?:\|.*\n)+)/g)].map(
        ([, title, table]) => [
          (title as string).replace(/^An? /, ''),
          rows(table as string).map(([tag, name, kind, required]) => ({
            tag: Number(tag),
            name: plain(name),
            kind: plain(kind),
            required: required === 'required',
          })),
        ],
      ),
    ),
    operations,
    machines: Object.fromEntries(machines.map((name) => [name, machineOf(block(name))])),
    codes: Object.fromEntries(
      rows(block('codes')).map(([number, name]) => [
        name,
        Number((number as string).replaceAll(/[()]/g, '')),
      ]),
    ),
    limits: Object.fromEntries(
      rows(block('limits')).map(([name, floor, standard, cap]) => [
        plain(name),
        { floor: amount(floor), standard: amount(standard), cap: amount(cap) },
      ]),
    ),
  };
}

const scopes: Readonly<Record<string, FrameInfo['scope']>> = {
  '0': 'connection',
  n: 'stream',
  '0, n': 'both',
};

function rulesOf(markdown: string): Rule[] {
  return [...markdown.matchAll(/^- \*\*(FX-(\d+)\.(\d+)-\d+)\*\* ((?:.+\n)(?: {2}.+\n)*)/gm)].map(
    ([, id, chapter, section, text]) => ({
      id: id as string,
      chapter: Number(chapter),
      section: `${chapter}.${section}`,
      text: (text as string).replaceAll(/\s+/g, ' ').trim(),
    }),
  );
}

/** The cells of a table, without its two heading lines. */
function rows(markdown: string): string[][] {
  return [...markdown.matchAll(/^\|(.*)\|$/gm)]
    .slice(2)
    .map(([, line]) => (line as string).split(/(?<!\\)\|/).map((cell) => cell.trim()));
}

function machineOf(markdown: string): Record<string, Record<string, string>> {
  return Object.fromEntries(
    rows(markdown).map(([state, allowed]) => [
      plain(state),
      Object.fromEntries(
        [...(allowed as string).matchAll(/(\w+) → \*(\w+)\*/g)].map(([, event, next]) => [event, next]),
      ),
    ]),
  ) as Record<string, Record<string, string>>;
}

function plain(cell: string | undefined): string {
  return (cell as string).replaceAll(/[`*]/g, '');
}

function amount(cell: string | undefined): number {
  return Number((cell as string).replaceAll(' ', ''));
}
