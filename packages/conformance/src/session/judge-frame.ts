import type { FrameInfo } from '../spec/parse.js';
import { specification } from '../spec/specification.js';
import { decode } from '../wire/decode.js';
import { frameName, type RawFrame } from '../wire/frame.js';
import type { MessageName, Messages } from '../wire/messages.js';
import { Violation } from '../wire/violation.js';

/** A frame that broke no rule that can be judged without knowing what came before. */
export type Frame =
  | { readonly name: 'DATA'; readonly stream: number; readonly payload: Buffer }
  | {
      [N in MessageName]: {
        readonly name: N;
        readonly stream: number;
        readonly message: Messages[N];
        readonly payload: Buffer;
      };
    }[MessageName];

export type FrameNamed<N extends Frame['name']> = Extract<Frame, { readonly name: N }>;

const maxControlPayload = specification.limits['maxControlPayload']?.cap as number;

/**
 * Reads a frame that `from` sent; undefined for one that is to be skipped.
 * @param maxDataPayload what its receiver offered in HELLO.
 * @throws Violation naming the rule of chapter 4, 5, 15, 16 or 20 that it breaks.
 */
export function judgeFrame(
  raw: RawFrame,
  from: 'client' | 'server',
  maxDataPayload: number,
): Frame | undefined {
  const { type, flags, stream, payload } = raw;
  const name = frameName(type);
  const what = `${name ?? `type 0x${type.toString(16)}`} on stream ${stream}`;
  const most = name === 'DATA' ? maxDataPayload : maxControlPayload;
  if (payload.length > most) {
    const rule = name === 'DATA' ? 'FX-4.2-3' : 'FX-4.2-4';
    throw new Violation([rule], `${what} has ${payload.length} bytes, more than ${most}`);
  }
  if (name === undefined) {
    if (type >= 0x80) return undefined;
    throw new Violation(['FX-20.1-2', 'FX-4.2-7'], `${what} is not known and must be understood`);
  }
  if (flags !== 0) throw new Violation(['FX-4.1-1'], `${what} has flags 0x${flags.toString(16)}`);
  const info = specification.frames[name] as FrameInfo;
  if (info.scope !== 'both' && (info.scope === 'connection') !== (stream === 0))
    throw new Violation(['FX-4.1-2'], `${what} belongs elsewhere`);
  if (info.from !== 'either' && info.from !== from)
    throw new Violation(['FX-4.1-3'], `${what} came from a ${from}`);
  if (name === 'DATA') {
    if (payload.length === 0) throw new Violation(['FX-4.1-5'], `${what} is empty`);
    return { name, stream, payload };
  }
  const message = decode(name as MessageName, payload);
  judgeCode(what, message as { code?: number; status?: number });
  return { name, stream, message, payload } as Frame;
}

function judgeCode(what: string, { code, status = code }: { code?: number; status?: number }): void {
  if (status !== undefined && status >= 0xf000)
    throw new Violation(
      ['FX-16.1-2'],
      `${what} has the code 0x${status.toString(16)}, which must not travel`,
    );
}
