// utf8.json and paths.json: what a text and a path may hold.
import { utf8 as bytesOf, notation, size } from './writer.mjs';

export function utf8Vectors() {
  const vectors = [];
  const valid = (name, description, bytes, codePoints) =>
    vectors.push({ name: `valid/${name}`, description, rules: ['FX-5.2-3'], bytes, codePoints });
  const invalid = (name, description, bytes) =>
    vectors.push({
      name: `invalid/${name}`,
      description,
      rules: ['FX-5.2-3'],
      bytes,
      error: 'MESSAGE_MALFORMED',
    });
  valid('empty', 'No bytes are a text.', '', []);
  valid('ascii', 'One byte each.', '4169', [0x41, 0x69]);
  valid('nul', 'U+0000 is a character of a text (not of a path).', '610062', [0x61, 0, 0x62]);
  valid(
    'controls',
    'Control characters travel; whoever shows them makes them harmless.',
    '1b5b316d0a0d7f',
    [0x1b, 0x5b, 0x31, 0x6d, 0x0a, 0x0d, 0x7f],
  );
  valid('one-byte-last', 'U+007F, the last of one byte.', '7f', [0x7f]);
  valid('two-bytes-first', 'U+0080, the first of two bytes.', 'c280', [0x80]);
  valid('two-bytes-last', 'U+07FF, the last of two bytes.', 'dfbf', [0x7ff]);
  valid('three-bytes-first', 'U+0800, the first of three bytes.', 'e0a080', [0x800]);
  valid('before-surrogates', 'U+D7FF, before the surrogates.', 'ed9fbf', [0xd7ff]);
  valid('after-surrogates', 'U+E000, after the surrogates.', 'ee8080', [0xe000]);
  valid('replacement', 'U+FFFD is a character like others.', 'efbfbd', [0xfffd]);
  valid('noncharacters', 'U+FFFE and U+FFFF are allowed.', 'efbfbeefbfbf', [0xfffe, 0xffff]);
  valid('four-bytes-first', 'U+10000, the first of four bytes.', 'f0908080', [0x10000]);
  valid('four-bytes-last', 'U+10FFFF, the last there is.', 'f48fbfbf', [0x10ffff]);
  valid('byte-order-mark', 'A leading U+FEFF is kept.', 'efbbbf61', [0xfeff, 0x61]);
  valid('composed', 'U+00E9; nothing is normalised.', 'c3a9', [0xe9]);
  valid('decomposed', 'U+0065 U+0301; nothing is normalised.', '65cc81', [0x65, 0x301]);
  valid('mixed', 'All widths.', '24c2a2e282acf0908d88', [0x24, 0xa2, 0x20ac, 0x10348]);

  invalid('continuation', 'A continuation byte alone.', '80');
  invalid('continuation-after', 'A continuation byte too many.', 'c3a9a9');
  invalid('cut-two', 'The first of two bytes.', 'c3');
  invalid('cut-three', 'Two of three bytes.', 'e282');
  invalid('cut-four', 'Three of four bytes.', 'f0908d');
  invalid('cut-inside', 'A lead byte followed by ASCII.', 'c341');
  invalid('cut-three-inside', 'Two of three bytes, then ASCII.', 'e28241');
  invalid('overlong-nul', 'U+0000 in two bytes.', 'c080');
  invalid('overlong-slash', '"/" in two bytes.', 'c0af');
  invalid('overlong-two', 'U+007F in two bytes.', 'c1bf');
  invalid('overlong-three', 'U+07FF in three bytes.', 'e09fbf');
  invalid('overlong-slash-three', '"/" in three bytes.', 'e080af');
  invalid('overlong-four', 'U+FFFF in four bytes.', 'f08fbfbf');
  invalid('surrogate-first', 'U+D800.', 'eda080');
  invalid('surrogate-last', 'U+DFFF.', 'edbfbf');
  invalid('surrogate-pair', 'U+10000 as two surrogates (CESU-8).', 'eda080edb080');
  invalid('beyond-last', 'U+110000.', 'f4908080');
  invalid('f5', 'A lead byte that no character has.', 'f5808080');
  invalid('five-bytes', 'The old form of five bytes.', 'f888808080');
  invalid('fe', 'A byte that is never there.', 'fe');
  invalid('ff', 'A byte that is never there.', 'ff');
  invalid('latin-1', 'Latin-1 is not UTF-8.', '63616fe9');
  invalid('at-the-end', 'A long text that is cut in its last character.', `${'61'.repeat(40)}e282`);
  return vectors;
}

export function pathVectors() {
  const vectors = [];
  const valid = (name, description, text, rules = ['FX-15.1-7']) => {
    const bytes = bytesOf(text);
    vectors.push({
      name: `valid/${name}`,
      description,
      rules,
      bytes: notation(bytes),
      segments: text.split('/').length,
    });
  };
  const invalid = (name, description, text, rule) => hexInvalid(name, description, bytesOf(text), rule);
  const hexInvalid = (name, description, bytes, rule) =>
    vectors.push({
      name: `invalid/${name}`,
      description,
      rules: [rule, 'FX-15.1-6'],
      bytes: notation(bytes),
      error: 'MESSAGE_MALFORMED',
    });
  valid('name', 'One segment.', 'a');
  valid('segments', 'Several segments.', 'a/b/c');
  valid('spaces', 'Spaces anywhere, also at the ends.', ' a / b ');
  valid('newline', 'A newline is a character of a name.', 'a\nb');
  valid('controls', 'Control characters are allowed.', '\x01\x1b[31m\x7f');
  valid('backslash', 'A backslash separates nothing.', '..\\a\\..');
  valid('dash', 'A name may begin with "-".', '-rf');
  valid('colon', 'A colon is sound here; whether an end can hold it is its own matter.', 'C:/a:b');
  valid('device-name', 'CON is sound here.', 'CON');
  valid('percent', 'Nothing is escaped.', '%2e%2e/%2f');
  valid('tilde', 'Nothing is expanded.', '~/$HOME/*');
  valid('three-dots', 'Three dots are a name.', '...');
  valid('hidden', 'A name may begin with a dot.', '.a/.b');
  valid('dots-around', 'Dots beside other characters.', '..a/a../a..b/. /.. ');
  valid('one-dot-after', 'A name may end with a dot.', 'a./b.');
  valid('composed', 'U+00E9, carried byte for byte.', '\u00e9', ['FX-15.1-1']);
  valid('decomposed', 'U+0065 U+0301: another name than U+00E9.', 'e\u0301', ['FX-15.1-1']);
  valid('capitals', 'Capitals are kept.', 'README/readme', ['FX-15.1-1']);
  valid('byte-order-mark', 'A name may begin with U+FEFF.', '\ufeffa', ['FX-15.1-1']);
  valid('four-bytes', 'Characters of four bytes.', '\u{1f600}/\u{10ffff}');
  valid('fullwidth-slash', 'U+FF0F is not "/".', 'a\uff0fb', ['FX-15.1-1']);
  valid('segment-longest', 'A segment of 255 bytes.', 'a'.repeat(255), ['FX-15.1-5']);
  valid('segment-longest-multibyte', 'A segment of 255 bytes in 85 characters.', '\u20ac'.repeat(85), [
    'FX-15.1-5',
  ]);
  valid('segments-longest', 'Two segments of 255 bytes.', `${'a'.repeat(255)}/${'b'.repeat(255)}`, [
    'FX-15.1-5',
  ]);
  const longest = `${`${'a'.repeat(255)}/`.repeat(15)}${'b'.repeat(127)}/${'c'.repeat(128)}`;
  valid('longest', 'A path of 4096 bytes.', longest, ['FX-15.1-5']);
  valid('most-segments', 'A path of 2048 segments, 4095 bytes.', Array(2048).fill('a').join('/'), [
    'FX-15.1-5',
  ]);

  invalid('slash', 'Only a "/".', '/', 'FX-15.1-2');
  invalid('absolute', 'A "/" at the beginning.', '/a', 'FX-15.1-2');
  invalid('slash-at-end', 'A "/" at the end.', 'a/', 'FX-15.1-2');
  invalid('empty-segment', 'An empty segment.', 'a//b', 'FX-15.1-2');
  invalid('two-slashes', 'Two slashes.', '//', 'FX-15.1-2');
  invalid('dot', 'A segment ".".', '.', 'FX-15.1-3');
  invalid('dot-first', 'A segment "." at the beginning.', './a', 'FX-15.1-3');
  invalid('dot-inside', 'A segment "." in the middle.', 'a/./b', 'FX-15.1-3');
  invalid('dot-last', 'A segment "." at the end.', 'a/.', 'FX-15.1-3');
  invalid('parent', 'A segment "..".', '..', 'FX-15.1-3');
  invalid('parent-first', 'A segment ".." at the beginning.', '../a', 'FX-15.1-3');
  invalid('parent-inside', 'A segment ".." in the middle, though it stays inside.', 'a/../b', 'FX-15.1-3');
  invalid('parent-last', 'A segment ".." at the end.', 'a/..', 'FX-15.1-3');
  invalid('nul', 'A NUL.', 'a\0b', 'FX-15.1-4');
  invalid('nul-alone', 'Only a NUL.', '\0', 'FX-15.1-4');
  invalid('nul-at-end', 'A NUL at the end, where C would not see it.', 'a\0', 'FX-15.1-4');
  invalid('segment-too-long', 'A segment of 256 bytes.', 'a'.repeat(256), 'FX-15.1-5');
  invalid('segment-too-long-last', 'The last segment has 256 bytes.', `a/${'b'.repeat(256)}`, 'FX-15.1-5');
  invalid(
    'segment-too-long-multibyte',
    'A segment of 86 characters and 258 bytes.',
    '\u20ac'.repeat(86),
    'FX-15.1-5',
  );
  invalid(
    'too-long',
    'A path of 4097 bytes, all of its segments short.',
    Array(2049).fill('a').join('/'),
    'FX-15.1-5',
  );
  hexInvalid('latin-1', 'Latin-1 is not UTF-8.', '63616fe9', 'FX-15.1-4');
  hexInvalid('overlong-slash', '"/" in two bytes.', '61c0af62', 'FX-15.1-4');
  hexInvalid('overlong-dots', '".." in four bytes.', 'c0aec0ae', 'FX-15.1-4');
  hexInvalid('overlong-nul', 'U+0000 in two bytes.', '61c080', 'FX-15.1-4');
  hexInvalid('surrogate', 'A surrogate, as some systems allow in names.', '61eda08062', 'FX-15.1-4');
  hexInvalid('cut', 'A character that is cut by the end of the path.', '61e282', 'FX-15.1-4');
  for (const { name, bytes } of vectors.filter((vector) => vector.name === 'valid/longest')) {
    const length = bytes.reduce((sum, part) => sum + (typeof part === 'string' ? size(part) : part.times), 0);
    if (length !== 4096) throw new Error(`${name} has ${length} bytes`);
  }
  return vectors;
}
