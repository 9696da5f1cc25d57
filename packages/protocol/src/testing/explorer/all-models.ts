import { deepBounds, shortBounds, wideBounds } from './bounds.js';
import { downloadBounds, downloadModel } from './download-model.js';
import { handshakeBounds, handshakeModel } from './handshake-model.js';
import * as journal from './journal/bounds.js';
import { journalModel } from './journal/journal-model.js';
import type { Model } from './model.js';
import { uploadModel } from './upload-model.js';

/** One line of the report. */
export interface Subject {
  readonly name: string;
  /** What it is bounded by, in words. */
  readonly bounds: string;
  readonly model: Model<unknown>;
}

const uploads = { short: shortBounds, wide: wideBounds, deep: [...wideBounds, ...deepBounds] };

const commits = { short: journal.shortBounds, wide: journal.wideBounds, deep: journal.deepBounds };

/** Everything that is explored: `short` in seconds, `wide` in minutes, `deep` in many of them. */
export function subjects(how: keyof typeof uploads): Subject[] {
  return [
    ...uploads[how].map((bounds) => subject(bounds, uploadModel(bounds))),
    ...downloadBounds.map((bounds) => subject(bounds, downloadModel(bounds))),
    ...commits[how].map((bounds) =>
      subject({ ...bounds, name: `commit: ${bounds.name}` }, journalModel(bounds)),
    ),
    ...handshakeBounds.map((bounds) => subject(bounds, handshakeModel(bounds))),
  ];
}

function subject<W>(bounds: { readonly name: string }, model: Model<W>): Subject {
  const { name, ...rest } = bounds;
  return { name, bounds: words(rest), model: model as Model<unknown> };
}

/** `attempts 2, cuts 1`: what is not nothing. */
function words(bounds: object): string {
  return Object.entries(bounds)
    .flatMap(([name, value]) => {
      if (Array.isArray(value)) return [`${name} ${value.join(' then ')}`];
      if (typeof value === 'object') return [words(value as object)];
      return value === 0 ? [] : [value === '' ? `${name} empty` : `${name} ${String(value)}`];
    })
    .filter((text) => text !== '')
    .join(', ');
}
