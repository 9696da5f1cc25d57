import { FilexError } from '../../src/errors.js';
import { concat } from '../../src/testing/bytes.js';
import { rawField } from '../../src/testing/frames.js';
import { decodeMessage, encodeMessage } from '../../src/wire/messages.js';
import { checkPath, pathFault } from '../../src/wire/path.js';
import { clipUtf8, decodeUtf8, encodeUtf8, isWellFormed } from '../../src/wire/utf8.js';
import { pathSeeds } from '../seeds.js';
import { insist, type Target } from './target.js';

/** The rules again, in the plainest way there is. */
function isPath(text: string): boolean {
  if (text === '') return true;
  if (!isUnicode(text) || Buffer.byteLength(text) > 4096) return false;
  return text
    .split('/')
    .every(
      (name) => !['', '.', '..'].includes(name) && !name.includes('\0') && Buffer.byteLength(name) <= 255,
    );
}

const isUnicode = (text: string): boolean => Buffer.from(text).toString() === text;

/** The bytes of a path as they come in a message, and as UTF-16 as a caller may give them. */
export const paths: Target = {
  name: 'paths',
  form: 'text',
  maxLength: 4400,
  about: (file) => ['wire/path.ts', 'wire/utf8.ts'].includes(file),
  seeds: pathSeeds,
  run(input, note) {
    const text = decodeUtf8(input);
    const plain = Buffer.from(input).toString();
    insist(
      (text !== undefined) === Buffer.from(plain).equals(input),
      'what is UTF-8 is decoded, and nothing else',
    );
    insist(text === undefined || text === plain, 'UTF-8 is decoded as it is');

    const payload = concat([
      rawField(2, Uint8Array.of(4)),
      rawField(4, new Uint8Array(16)),
      rawField(6, input),
    ]);
    const { message, fault } = decodeMessage('OPEN', payload);
    const good = text !== undefined && text !== '' && isPath(text);
    insist((message !== undefined) === good, `a path is taken when it is one: ${fault}`);
    insist(message === undefined || message.path === text, 'a path is taken as it is');

    const units = Array.from(
      { length: input.length >> 1 },
      (_unit, i) => ((input[2 * i] as number) << 8) | (input[2 * i + 1] as number),
    );
    for (const each of [plain, String.fromCharCode(...units)]) judge(each, note);
  },
};

function judge(text: string, note: (text: string) => void): void {
  insist(isWellFormed(text) === isUnicode(text), 'half of a pair is noticed');
  insist((encodeUtf8(text) !== undefined) === isUnicode(text), 'what has no UTF-8 form gets none');
  const fault = pathFault(text);
  note(`path ${fault}`);
  insist((fault === undefined) === isPath(text), `a path is judged by the rules: ${fault}`);
  let thrown: unknown;
  try {
    checkPath(text);
  } catch (error) {
    thrown = error;
  }
  insist(
    fault === undefined ? thrown === undefined : thrown instanceof FilexError,
    'checkPath says the same',
  );
  if (fault === undefined)
    encodeMessage('OPEN', { operation: 4, operationId: new Uint8Array(16), path: text });
  for (const max of [0, 1, 5, 255]) {
    const clipped = clipUtf8(text, max);
    const whole = Buffer.from(text).toString();
    insist(isWellFormed(clipped) && whole.startsWith(clipped), 'a clipped text is a beginning');
    const size = Buffer.byteLength(clipped);
    insist(size <= max && (clipped === whole || size > max - 4), 'a text is clipped where it must be');
  }
}
