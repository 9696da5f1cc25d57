import prettyBytes from 'pretty-bytes';

/** Quantities as people read them. */

export function size(bytes: number): string {
  return prettyBytes(bytes, { binary: true }).replace('kiB', 'KiB');
}

export function rate(bytesPerSecond: number): string {
  return `${size(Math.round(bytesPerSecond))}/s`;
}

/** How long something took: `35 ms`, `4.2 s`, `1:05`, `2:03:09`, `16 d 16 h`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : clock(Math.round(seconds));
}

/** How long something will take, in whole seconds, as nobody knows better. */
export function remainingTime(milliseconds: number): string {
  return clock(Math.ceil(milliseconds / 1000));
}

function clock(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  if (hours >= 100) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** `1 file`, `12,345 files`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${grouped(amount)} ${amount === 1 ? one : many}`;
}

export function grouped(amount: number): string {
  return String(amount).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Microseconds since 1970 as ISO 8601 with all six digits. Every number that travels is within the calendar. */
export function isoTime(microseconds: number): string {
  const milliseconds = Math.floor(microseconds / 1000);
  const rest = microseconds - milliseconds * 1000;
  return new Date(milliseconds).toISOString().replace('Z', `${String(rest).padStart(3, '0')}Z`);
}

/** Microseconds since 1970 as `2026-03-01 14:05`, in the local time zone. */
export function localTime(microseconds: number): string {
  const date = new Date(Math.floor(microseconds / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
