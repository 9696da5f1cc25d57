import { visibleText } from '@filex/protocol';
import type { SessionState } from '@filex/protocol/node';
import { remainingTime } from './amounts.js';
import { clip, columnsOf, fit } from './columns.js';

/** What a session that reconnects goes through, as lines for people and as events. */

/** A session without a connection. */
export type Disconnected = Exclude<SessionState, { state: 'connected' }>;

/** Columns below which the reason says nothing. */
const REASON_MINIMUM = 12;

/**
 * `Reconnecting in 3 s (attempt 2 of 30): the server closed the connection. 41% safe`
 * @param wait milliseconds until the attempt.
 * @param why for the attempt that is being made, what the wait before it was for.
 * @param safe how much is there already; `''` when that says nothing.
 * @param columns what there is room for: the reason is cut first, then left out.
 */
export function reconnectingLine(
  lost: Disconnected,
  wait: number,
  why: string,
  safe: string,
  columns = Number.POSITIVE_INFINITY,
): string {
  const when = lost.state === 'waiting' ? `in ${remainingTime(Math.max(0, wait))}` : 'now';
  const begin = `Reconnecting ${when}`;
  const attempt = ` (attempt ${lost.attempt} of ${lost.retries})`;
  const end = safe === '' ? '' : `. ${safe}`;
  const reason = visibleText(why);
  const room = columns - columnsOf(`${begin}${attempt}: ${end}`);
  if (reason !== '' && room >= Math.min(REASON_MINIMUM, columnsOf(reason)))
    return `${begin}${attempt}: ${Number.isFinite(room) ? fit(reason, room) : reason}${end}`;
  const brief = `${begin}${attempt}${end}`;
  return columnsOf(brief) <= columns ? brief : clip(`${begin}${end}`, columns);
}

/**
 * The event of `--json`.
 * @param lost what it was before, for the end of it.
 */
export function connectionEvent(
  state: SessionState,
  lost: Disconnected | undefined,
): Record<string, unknown> {
  if (state.state === 'connected')
    return {
      event: 'connection',
      state: 'connected',
      connection: state.connection,
      attempt: lost?.attempt,
      retries: lost?.retries,
    };
  const { attempt, retries } = state;
  if (state.state === 'connecting') return { event: 'connection', state: 'connecting', attempt, retries };
  const { code, message } = state.error;
  return {
    event: 'connection',
    state: 'waiting',
    attempt,
    retries,
    delay: Math.round(state.delay),
    code,
    message,
  };
}
