import { posix, win32 } from 'node:path';

/** What decides where the files of a user belong. */
export interface Home {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  readonly folder: string;
}

/** What each folder of this program is called, in those that systems have for all programs. */
const NAME = 'filex';

/** Where the user keeps what this program should know. Variables that are empty count as not set, as the XDG base directories have it. */
export function configFolder({ platform, env, folder }: Home): string {
  if (platform === 'win32')
    return win32.join(env['APPDATA'] || win32.join(folder, 'AppData', 'Roaming'), NAME, 'Config');
  if (platform === 'darwin') return posix.join(folder, 'Library', 'Preferences', NAME);
  return posix.join(env['XDG_CONFIG_HOME'] || posix.join(folder, '.config'), NAME);
}

/** Where this program remembers things between runs. */
export function stateFolder({ platform, env, folder }: Home): string {
  if (platform === 'win32')
    return win32.join(env['LOCALAPPDATA'] || win32.join(folder, 'AppData', 'Local'), NAME, 'Data');
  if (platform === 'darwin') return posix.join(folder, 'Library', 'Application Support', NAME);
  return posix.join(env['XDG_STATE_HOME'] || posix.join(folder, '.local', 'state'), NAME);
}
