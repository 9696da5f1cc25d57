import type { Output } from '../io.js';

export type ColorChoice = 'auto' | 'always' | 'never';
type Env = Readonly<Record<string, string | undefined>>;

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '';
const isOff = (value: string | undefined): boolean => value === '0' || value === 'false';

/** Whether to colour what goes to `stream`: the flag, then NO_COLOR, then FORCE_COLOR, then what the stream is. */
export function usesColor(stream: Output, choice: ColorChoice, env: Env): boolean {
  if (choice !== 'auto') return choice === 'always';
  if (isSet(env['NO_COLOR'])) return false;
  if (env['FORCE_COLOR'] !== undefined) return !isOff(env['FORCE_COLOR']);
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

/** Whether lines can be redrawn in place on `stream`: not in a log of a CI run, even if it poses as a terminal. */
export function isLive(stream: Output, env: Env): boolean {
  if (isSet(env['CI']) && !isOff(env['CI'])) return false;
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

/** Whether box-drawing characters come out as such: the Linux console and old Windows consoles lack them. */
export function usesUnicode(platform: NodeJS.Platform, env: Env): boolean {
  if (platform !== 'win32') return env['TERM'] !== 'linux' && env['TERM'] !== 'dumb';
  return isSet(env['WT_SESSION']) || isSet(env['TERM_PROGRAM']) || env['TERM'] === 'xterm-256color';
}

/** Columns that a line may take: one less than there are, because some terminals wrap after the last. */
export function usableColumns(stream: Output): number {
  const columns = stream.columns ?? 80;
  return Math.max(1, (columns > 0 ? columns : 80) - 1);
}
