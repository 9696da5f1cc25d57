import { FilexError } from '@filex/protocol';

/**
 * Whether this machine can hold a name that is fine on the wire. Windows would read `a:b` as a stream of the file `a`,
 * `x\y` as a folder, drop the dot of `x.`, and open a device for `nul.txt`: never what was meant, so it is refused.
 *
 * @throws FilexError `PATH_INVALID` with the reason.
 */
export function checkLocalName(path: string, platform: NodeJS.Platform): void {
  if (platform !== 'win32') return;
  for (const name of path.split('/')) {
    const why = windowsFault(name);
    if (why !== undefined)
      throw new FilexError('PATH_INVALID', `Windows cannot hold this name: ${why}`, { path });
  }
}

const device = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i;

function windowsFault(name: string): string | undefined {
  const bad = /[<>:"\\|?*\p{Cc}]/u.exec(name)?.[0];
  if (bad !== undefined) return /\p{Cc}/u.test(bad) ? 'a control character is in it' : `"${bad}" is in it`;
  if (/[. ]$/.test(name)) return 'it ends in a dot or a space';
  if (device.test(name)) return 'it is the name of a device';
  return undefined;
}
