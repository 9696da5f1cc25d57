import { visibleText } from '@filex/protocol';
import { type AnonymousLevel, meaningOf } from './access/anonymous.js';

/** What there is to say about a server that has begun to listen. */
export interface Announced {
  /** The folder, absolute. */
  readonly root: string;
  readonly urls: readonly string[];
  readonly plaintext: 'off' | 'loopback' | 'on';
  readonly anonymous: AnonymousLevel;
}

/** One line for programs. There is no key yet, so no fingerprint. */
export function announceJson({ urls }: Announced): string {
  return JSON.stringify({ event: 'listening', urls, fingerprint: null });
}

/** For people. */
export function announceText({ root, urls, plaintext, anonymous }: Announced): string {
  const who =
    plaintext === 'on' ? 'anyone who reaches this machine can connect' : 'only this machine can connect';
  const how = plaintext === 'on' ? '' : ' (--plaintext on lets others in)';
  const lines = [
    `Serving ${visibleText(root)}`,
    ...urls.map((url) => `  ${url}`),
    '',
    `plaintext: nothing is encrypted; ${who}${how}`,
    `anonymous: everyone who connects may ${meaningOf(anonymous)} (--anonymous ${anonymous})`,
    '',
    ...example(urls.at(-1) as string, anonymous),
  ];
  return `${lines.join('\n')}\n`;
}

/** A command to copy. The last address is the one that works from the farthest. */
function example(url: string, anonymous: AnonymousLevel): string[] {
  switch (anonymous) {
    case 'none':
      return ['Ctrl+C stops it.'];
    case 'read':
      return [`Get everything:  npx filex-client get -r ${url} .`, 'Ctrl+C stops it.'];
    case 'drop':
    case 'write':
      return [`Send a folder:  npx filex-client put -r FOLDER ${url}`, 'Ctrl+C stops it.'];
  }
}
