import { visibleText } from '@filex/protocol';
import { type AnonymousLevel, meaningOf } from './access/anonymous.js';

/** What there is to say about a server that has begun to listen. */
export interface Announced {
  /** The folder, absolute. */
  readonly root: string;
  /** The first one is for this machine. */
  readonly urls: readonly string[];
  readonly plaintextUrls: readonly string[];
  readonly plaintext: 'off' | 'loopback' | 'on';
  readonly fingerprint: string | undefined;
  readonly anonymous: AnonymousLevel;
  /** By name. */
  readonly users: readonly string[];
  /** The user that was made at this start, whose passcode nobody knows yet. */
  readonly firstUser: { readonly user: string; readonly passcode: string } | undefined;
  /** What makes a new passcode for a user whose name is put behind it. */
  readonly passcodeCommand: string;
}

/** One line for programs. */
export function announceJson({ urls, plaintextUrls, fingerprint, firstUser }: Announced): string {
  const guest =
    firstUser === undefined ? {} : { guest: { user: firstUser.user, passcode: firstUser.passcode } };
  return JSON.stringify({ event: 'listening', urls, fingerprint, plaintextUrls, ...guest });
}

/** For people. */
export function announceText(announced: Announced): string {
  const { root, urls, fingerprint } = announced;
  const lines = [
    `Serving ${visibleText(root)}`,
    ...urls.map((url) => `  ${url}`),
    '',
    `key:        ${fingerprint}`,
    ...users(announced),
    anonymous(announced),
    ...plaintext(announced),
    '',
    ...examples(announced),
    'Ctrl+C stops it.',
  ];
  return `${lines.join('\n')}\n`;
}

/** Names that fit on a line. */
const SHOWN_USERS = 5;

function users({ users: names, firstUser, passcodeCommand }: Announced): string[] {
  if (firstUser !== undefined)
    return [
      `user:       ${firstUser.user}`,
      `passcode:   ${firstUser.passcode}   (shown this once: only what it can be checked with is kept)`,
    ];
  if (names.length === 0) return [];
  const shown = names.slice(0, SHOWN_USERS).map((name) => visibleText(name));
  const more = names.length > shown.length ? `, and ${names.length - shown.length} more` : '';
  const [only] = names;
  const hint =
    names.length === 1 && only === 'guest'
      ? ` (passcode as printed at the first start; \`${passcodeCommand} guest --generate\` makes a new one)`
      : '';
  return [`users:      ${shown.join(', ')}${more}${hint}`];
}

function anonymous({ anonymous: level }: Announced): string {
  const what =
    level === 'none'
      ? 'nothing is allowed without logging in'
      : `everybody who can connect may ${meaningOf(level)}`;
  return `anonymous:  ${what} (--anonymous ${level})`;
}

function plaintext({ plaintext: mode, plaintextUrls }: Announced): string[] {
  if (mode !== 'on') return [];
  return [
    'plaintext:  can be read and changed by everybody on the way (--plaintext on)',
    ...plaintextUrls.map((url) => `  ${url}`),
  ];
}

/** Commands to copy. The second address is for other machines, if there is one. */
function examples({ urls, anonymous: level, users: names }: Announced): string[] {
  const url = urls[1] ?? urls[0] ?? '';
  const put = `Send a folder:   npx filex-client put -r FOLDER '${url}'`;
  const get = `Get everything:  npx filex-client get -r '${url}' .`;
  switch (level) {
    case 'read':
      return [get];
    case 'drop':
      return [put];
    case 'write':
      return [put, get];
    case 'none': {
      // Which of several users it is to be, is for whoever copies it.
      const [theirs, ours] =
        names.length === 1 ? [put, get] : [put, get].map((line) => line.replace('://', '://USER@'));
      return [theirs ?? '', ours ?? '', 'The client asks for the passcode, or takes it from FILEX_PASSCODE.'];
    }
  }
}
