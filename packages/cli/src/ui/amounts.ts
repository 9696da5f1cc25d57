import prettyBytes from 'pretty-bytes';

/** Quantities as people read them. */

export function size(bytes: number): string {
  return prettyBytes(bytes, { binary: true }).replace('kiB', 'KiB');
}

export function rate(bytesPerSecond: number): string {
  return `${size(Math.round(bytesPerSecond))}/s`;
}

/** `4.2 s`, `1:05`, `2:03:09`, `3 d 4 h`. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  if (hours >= 100) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
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
