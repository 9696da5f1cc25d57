/** Arguments written so that the user's shell reads them back as they are. Shown to people, so nothing in it is invisible. */

export function quoteCommand(words: readonly string[], platform: NodeJS.Platform): string {
  return words.map((word) => (platform === 'win32' ? quoteWindows(word) : quotePosix(word))).join(' ');
}

const plain = /^[A-Za-z0-9_@%+=:,./-]+$/;
// What must not reach the screen as it is; `$'…'` (POSIX 2024; bash, zsh, ksh, fish reads '\n' unquoted) has escapes for it.
const hidden = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\u{200b}\u{feff}]/u;

function quotePosix(word: string): string {
  if (plain.test(word)) return word;
  if (!hidden.test(word)) return `'${word.replaceAll("'", "'\\''")}'`;
  let quoted = '';
  for (const character of word) {
    if (character === "'" || character === '\\') quoted += `\\${character}`;
    else if (hidden.test(character)) {
      for (const byte of Buffer.from(character)) quoted += `\\${byte.toString(8).padStart(3, '0')}`;
    } else quoted += character;
  }
  return `$'${quoted}'`;
}

/** For PowerShell and cmd alike: double quotes, as file names there cannot contain one. */
function quoteWindows(word: string): string {
  return plain.test(word) || /^[A-Za-z0-9_:\\.-]+$/.test(word) ? word : `"${word.replaceAll('"', '\\"')}"`;
}
