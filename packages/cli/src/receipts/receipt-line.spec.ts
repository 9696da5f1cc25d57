import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factsOf, lineFor, signers } from '../testing/receipts.js';
import { fingerprints } from '../testing/secure-server.js';
import { readReceiptLine, writeReceiptLine } from './receipt-line.js';

describe('a line of receipts', () => {
  it('is read as it was written, whatever the names are', () => {
    const name = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 20 })
      .filter((text) => !/[/\0]/.test(text) && !/^\.{1,2}$/.test(text));
    fc.assert(
      fc.property(name, name, fc.maxSafeInteger(), (path, principal, time) => {
        const text = lineFor(path, 'content', { principal, time });
        expect(text).not.toMatch(/[\n\r\x7f-\x9f]/);
        expect(readReceiptLine(text)).toMatchObject({
          line: { path, principal, server: 'filex://nas:12345/', key: fingerprints.own },
          statement: { path, principal, time },
          serverName: 'nas:12345',
        });
      }),
      { numRuns: 50 },
    );
  });

  it('is not believed when any one character of it is another', () => {
    const text = lineFor('inbox/a.txt', 'content', { file: undefined });
    // What is not signed is where it came from, and who is asked for the key of that server.
    const signed = text.indexOf('"principal"');
    fc.assert(
      fc.property(
        fc.integer({ min: signed, max: text.length - 1 }),
        fc.integer({ min: 32, max: 126 }),
        (at, code) => {
          const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
          fc.pre(changed !== text);
          expect(readReceiptLine(changed)).toEqual({ fault: expect.any(String) });
        },
      ),
      { numRuns: 400 },
    );
  });

  it.each([
    ['', 'it is no line of a file of receipts'],
    ['null', 'it is no line of a file of receipts'],
    ['{"v":2}', 'it is no line of a file of receipts'],
    [lineFor('a', 'x').replace('{"v":1', '{"v":1,"more":1'), 'it is no line of a file of receipts'],
    [
      lineFor('a', 'x').replace(/"receipt":"[^"]*/, '"receipt":"AAAA'),
      'the receipt is cut inside a field header',
    ],
    [lineFor('a', 'x').replace(/"receipt":"/, '"receipt":" '), 'what should be the receipt is not base64'],
    [
      lineFor('a', 'x').replace('"size":1', '"size":2'),
      '"size" beside the receipt is not what the receipt says',
    ],
    [lineFor('a', 'x').replace('filex://nas:12345/', 'filex://nas'), '"server" is not the address of one'],
  ])('%s', (text, fault) => expect(readReceiptLine(text)).toEqual({ fault }));

  it('is not made of what is no receipt', () => {
    const where = { server: 'filex://nas:12345/', file: undefined };
    const receipt = signers.own(factsOf('a', 'x'));
    receipt[receipt.length - 1] = (receipt.at(-1) as number) ^ 1;
    expect(writeReceiptLine(receipt, where)).toEqual({
      fault: 'the signature of the receipt is not of what it says',
    });
  });
});
