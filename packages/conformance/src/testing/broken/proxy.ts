import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { FrameCutter, PREFACE, type RawFrame, rawFrame } from '../../wire/frame.js';

/** What one direction of a connection has to say to a frame: the bytes to pass on instead, or undefined for the frame. */
type Change = (frame: RawFrame, line: Line) => Uint8Array | undefined;

/** A connection through the proxy, with what a breakage wants to remember of it. */
export interface Line {
  readonly client: Socket;
  readonly server: Socket;
  readonly memory: Map<string, unknown>;
}

/** One way to be wrong. */
export interface Breakage {
  /** Changes what the client says before the server hears it. */
  readonly up?: Change;
  /** Changes what the server says before the client hears it. */
  readonly down?: Change;
  /** Changes the preface of the server. */
  readonly preface?: Buffer;
  /** Called with every read from the client, as it was cut. */
  readonly onRead?: (chunk: Buffer, line: Line) => void;
  /** Called when the client does not take what it is sent; `resume` when it does again. */
  readonly onStalled?: (lines: ReadonlySet<Line>) => void;
}

/**
 * Stands before a good server and makes it a bad one.
 * @returns its port.
 */
export async function startProxy(port: number, breakage: Breakage): Promise<number> {
  const lines = new Set<Line>();
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    const server = dial({ host: '127.0.0.1', port, allowHalfOpen: true });
    const line: Line = { client, server, memory: new Map() };
    lines.add(line);
    pass(client, server, line, breakage.up, undefined, breakage.onRead);
    pass(server, client, line, breakage.down, breakage.preface, undefined, () => breakage.onStalled?.(lines));
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const { client, server } of lines) {
      client.destroy();
      server.destroy();
    }
    listener.close();
  });
  return (listener.address() as AddressInfo).port;
}

function pass(
  from: Socket,
  to: Socket,
  line: Line,
  change: Change | undefined,
  preface: Buffer | undefined,
  onRead?: (chunk: Buffer, line: Line) => void,
  onStalled?: () => void,
): void {
  const cutter = new FrameCutter();
  let begun = change === undefined && preface === undefined;
  const write = (bytes: Uint8Array): void => {
    if (!to.writable || to.write(bytes)) return;
    onStalled?.();
    from.pause();
    to.once('drain', () => from.resume());
  };
  from.on('data', (chunk: Buffer) => {
    onRead?.(chunk, line);
    if (begun && change === undefined) return write(chunk);
    cutter.push(chunk);
    if (!begun) {
      const first = cutter.take(PREFACE.length);
      if (first === undefined) return;
      begun = true;
      write(preface ?? first);
    }
    for (let frame = cutter.next(); frame !== undefined; frame = cutter.next()) {
      write(
        change?.(frame, line) ?? rawFrame(frame.type, frame.stream, frame.payload, { flags: frame.flags }),
      );
    }
  });
  from.on('end', () => {
    if (cutter.left.length > 0) write(cutter.left);
    to.end();
  });
  from.on('error', () => to.destroy());
  from.on('close', () => {
    if (!from.readableEnded) to.destroy();
  });
}
