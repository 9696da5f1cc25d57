// Writes packages/protocol/vectors/*.json from the modules beside this one. A vector that was published does not change:
// a vector whose digest is in vectors/FROZEN.json must come out the same, but for its description and rules.
//
//   node scripts/vectors.mjs            write, and freeze what is new
//   node scripts/vectors.mjs --check    write nothing; fail when something would be written
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { codeVectors } from './vectors/codes.mjs';
import { digestVectors } from './vectors/digests.mjs';
import { frameVectors, prefaceVectors } from './vectors/frames.mjs';
import { handshakeFile } from './vectors/handshakes.mjs';
import { limitFile } from './vectors/limits.mjs';
import { machineVectors } from './vectors/machines.mjs';
import { messageVectors } from './vectors/messages.mjs';
import { streamFile } from './vectors/streams.mjs';
import { urlVectors } from './vectors/urls.mjs';
import { pathVectors, utf8Vectors } from './vectors/utf8.mjs';

const folder = fileURLToPath(new URL('../vectors/', import.meta.url));
const check = process.argv.includes('--check');

function published(file) {
  const path = `${folder}${file}`;
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

const files = {
  'codes.json': { vectors: codeVectors() },
  'digests.json': { vectors: digestVectors(published('digests.json').vectors ?? []) },
  'frames.json': { vectors: frameVectors() },
  'handshakes.json': handshakeFile(),
  'limits.json': limitFile(),
  'machines.json': { vectors: machineVectors() },
  'messages.json': { vectors: messageVectors() },
  'paths.json': { vectors: pathVectors() },
  'preface.json': { vectors: prefaceVectors() },
  'streams.json': streamFile(),
  'urls.json': { vectors: urlVectors() },
  'utf8.json': { vectors: utf8Vectors() },
};

/** With the keys of objects in order, so that the digest is of what is said and not of how it is written. */
function canonical(value) {
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, canonical(value[key])]),
  );
}

/** What of a vector is frozen: all but the words for people and the rules it shows. */
function digestOf({ description: _, rules: __, ...rest }) {
  return createHash('sha256')
    .update(JSON.stringify(canonical(rest)))
    .digest('hex')
    .slice(0, 16);
}

/** One key of a vector a line, one step of a transcript a line. */
function print({ preludes, vectors }) {
  const lines = (value, indent) => {
    const pad = ' '.repeat(indent);
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    const one = ([key, member]) => {
      const long =
        key === 'steps' ||
        (Array.isArray(member) && JSON.stringify(member).length > 160 && typeof member[0] === 'object');
      const text = long
        ? `[\n${member.map((item) => `${pad}  ${JSON.stringify(item)}`).join(',\n')}\n${pad}]`
        : JSON.stringify(member);
      return `${pad}${JSON.stringify(key)}: ${text}`;
    };
    return members.map(one).join(',\n');
  };
  const head =
    preludes === undefined
      ? ''
      : `  "preludes": {\n${Object.entries(preludes)
          .map(([name, prelude]) => `    ${JSON.stringify(name)}: {\n${lines(prelude, 6)}\n    }`)
          .join(',\n')}\n  },\n`;
  return `{\n  "format": 1,\n${head}  "vectors": [\n${vectors
    .map((vector) => `    {\n${lines(vector, 6)}\n    }`)
    .join(',\n')}\n  ]\n}\n`;
}

const frozen = published('FROZEN.json');
const problems = [];
const now = {};
const texts = {};
for (const [file, content] of Object.entries(files)) {
  const all = [
    ...Object.entries(content.preludes ?? {}).map(([name, prelude]) => ({
      name: `prelude ${name}`,
      ...prelude,
    })),
    ...content.vectors,
  ];
  const digests = {};
  for (const vector of all) {
    if (digests[vector.name] !== undefined) problems.push(`${file}: "${vector.name}" is there twice`);
    digests[vector.name] = digestOf(vector);
    const before = frozen[file]?.[vector.name];
    if (before !== undefined && before !== digests[vector.name])
      problems.push(`${file}: "${vector.name}" would change`);
  }
  for (const name of Object.keys(frozen[file] ?? {})) {
    if (digests[name] === undefined) problems.push(`${file}: "${name}" would be gone`);
  }
  now[file] = Object.fromEntries(
    Object.keys(digests)
      .sort()
      .map((name) => [name, digests[name]]),
  );
  texts[file] = print(content);
}
texts['FROZEN.json'] = `${JSON.stringify(now, null, 1)}\n`;

mkdirSync(folder, { recursive: true });
for (const [file, text] of Object.entries(texts)) {
  const path = `${folder}${file}`;
  if (check && (!existsSync(path) || readFileSync(path, 'utf8') !== text))
    problems.push(`${file} is not what the script writes`);
  if (!check && problems.length === 0) writeFileSync(path, text);
}
if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\n`);
  process.exitCode = 1;
} else {
  const counts = Object.entries(files).map(([file, { vectors }]) => `${file} ${vectors.length}`);
  process.stdout.write(`${counts.join('\n')}\n`);
}
