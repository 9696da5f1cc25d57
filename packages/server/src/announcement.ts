import { visibleText } from '@filex/protocol';
import { type AnonymousLevel, meaningOf } from './access/anonymous.js';

/** What there is to say about a server that has begun to listen. */
export interface Announced {
  /** The folder, absolute. */
  readonly root: string;
  readonly urls: readonly string[];
  readonly plaintextUrls: readonly string[];
  readonly fingerprint: string | undefined;
  readonly plaintext: 'off' | 'loopback' | 'on';
  readonly anonymous: AnonymousLevel;
}

/** One line for programs. */
export function announceJson({ urls, plaintextUrls, fingerprint }: Announced): string {
  return JSON.stringify({ event: 'listening', urls, fingerprint, plaintextUrls });
}

/** For people. */
export function announceText({ root, urls, anonymous }: Announced): string {
  const lines = [
    `Serving ${visibleText(root)}`,
    ...urls.map((url) => `  ${url}`),
    '',
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
      return [`Get everything:  npx filex-client get -r '${url}' .`, 'Ctrl+C stops it.'];
    case 'drop':
    case 'write':
      return [`Send a folder:  npx filex-client put -r FOLDER '${url}'`, 'Ctrl+C stops it.'];
  }
}
