/** Names that mean devices, with any extension: opening `nul.txt` opens nothing that is a file. */
const DEVICES = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\..*)?$/i;

/** Why Windows cannot hold a name, or holds it as another one; undefined when it can. */
export function windowsNameFault(name: string): string | undefined {
  // `:` would name a stream of another file, `\` a folder.
  const character = [...name].find((c) => c < ' ' || '<>:"|?*\\'.includes(c));
  if (character !== undefined) return `it contains ${JSON.stringify(character)}`;
  if (/[. ]$/.test(name)) return 'it ends with a dot or a space';
  if (DEVICES.test(name.trimEnd())) return 'it is the name of a device';
  return undefined;
}
