import { describe, expect, it } from 'vitest';
import { configFolder, type Home, stateFolder } from './user-folders.js';

function both(home: Home): [config: string, state: string] {
  return [configFolder(home), stateFolder(home)];
}

describe('the folders of a user', () => {
  it('are those of XDG on Linux', () => {
    const home = { platform: 'linux', folder: '/home/ann' } as const;
    const standard = ['/home/ann/.config/filex', '/home/ann/.local/state/filex'];
    expect(both({ ...home, env: {} })).toEqual(standard);
    expect(both({ ...home, env: { XDG_CONFIG_HOME: '', XDG_STATE_HOME: '' } })).toEqual(standard);
    const env = { XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: '/s', APPDATA: '/no', LOCALAPPDATA: '/no' };
    expect(both({ ...home, env })).toEqual(['/c/filex', '/s/filex']);
  });

  it('are in the Library on macOS, whatever XDG says', () => {
    const env = { XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: '/s' };
    expect(both({ platform: 'darwin', folder: '/Users/ann', env })).toEqual([
      '/Users/ann/Library/Preferences/filex',
      '/Users/ann/Library/Application Support/filex',
    ]);
  });

  it('are in AppData on Windows', () => {
    const home = { platform: 'win32', folder: 'C:\\Users\\ann' } as const;
    expect(both({ ...home, env: {} })).toEqual([
      'C:\\Users\\ann\\AppData\\Roaming\\filex\\Config',
      'C:\\Users\\ann\\AppData\\Local\\filex\\Data',
    ]);
    expect(both({ ...home, env: { APPDATA: 'D:\\r', LOCALAPPDATA: 'D:\\l' } })).toEqual([
      'D:\\r\\filex\\Config',
      'D:\\l\\filex\\Data',
    ]);
  });
});
