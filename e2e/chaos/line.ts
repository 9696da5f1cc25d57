import type { Socket } from 'node:net';
import type { Cut, Direction, LineFault, Moment } from './line-fault.js';
import type { Random } from './random.js';

/** What the network wants to know of its lines. */
export interface LineWatcher {
  /** Bytes were taken from one end. */
  count(direction: Direction, bytes: number): void;
  /** A fault has happened. */
  fault(kind: LineFault['kind']): void;
  /** The line is of no use to anybody any more. */
  closed(line: Line): void;
}

interface Lane {
  readonly direction: Direction;
  readonly from: Socket;
  readonly to: Socket;
  /** Pieces under way, each with the time at which it arrives; `undefined` is the end. */
  readonly pieces: { readonly bytes: Buffer | undefined; readonly due: number }[];
  under: number;
  taken: number;
  timer: NodeJS.Timeout | undefined;
  /** The other end takes nothing for now. */
  blocked: boolean;
}

/** Bytes of one direction that can be under way; one more read may come on top. */
export const ROOM = 1024 * 1024;
/** Milliseconds that an end has to answer a FIN. */
const FAREWELL = 1000;

/** One connection of a client and what becomes of it on the way. */
export class Line {
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #faults: readonly LineFault[];
  readonly #random: Random;
  readonly #watcher: LineWatcher;
  readonly #lanes: readonly Lane[];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #happened = new Set<LineFault>();
  #holds = 0;
  #cut = false;

  constructor(near: Socket, far: Socket, faults: readonly LineFault[], random: Random, watcher: LineWatcher) {
    this.#near = near;
    this.#far = far;
    this.#faults = faults;
    this.#random = random;
    this.#watcher = watcher;
    this.#lanes = [this.#lane('up', near, far), this.#lane('down', far, near)];
    for (const fault of faults) {
      if (!('after' in fault)) watcher.fault(fault.kind);
      else if ('milliseconds' in fault.after) {
        this.#later(fault.after.milliseconds, () => this.#happen(fault));
      }
    }
  }

  /** Nothing is taken or given any more, and nobody is told, until `release`. */
  hold(): void {
    this.#holds += 1;
    for (const { from } of this.#lanes) from.pause();
  }

  release(): void {
    this.#holds -= 1;
    for (const lane of this.#lanes) this.#pump(lane);
  }

  /** Ends the connection, if it has not ended. */
  cut(how: Cut): void {
    if (this.#cut) return;
    this.#cut = true;
    this.#stop();
    if (how === 'end') {
      for (const socket of [this.#near, this.#far]) {
        socket.resume().end();
        this.#later(FAREWELL, () => socket.destroy());
      }
      return;
    }
    reset(this.#near);
    if (how === 'half-open') this.#far.pause();
    else reset(this.#far);
  }

  destroy(): void {
    this.#cut = true;
    this.#stop();
    this.#near.destroy();
    this.#far.destroy();
  }

  #lane(direction: Direction, from: Socket, to: Socket): Lane {
    const lane: Lane = {
      direction,
      from,
      to,
      pieces: [],
      under: 0,
      taken: 0,
      timer: undefined,
      blocked: false,
    };
    from.on('data', (bytes: Buffer) => this.#take(lane, bytes));
    from.on('end', () => this.#send(lane, undefined));
    to.on('drain', () => {
      lane.blocked = false;
      this.#pump(lane);
    });
    // That the other end has gone is told on; a half-open line is one that does not.
    from.on('error', () => this.cut('reset'));
    from.on('close', () => {
      if (this.#near.destroyed && this.#far.destroyed) {
        this.#stop();
        this.#watcher.closed(this);
      } else if (from.errored !== null) this.cut('reset');
    });
    return lane;
  }

  #take(lane: Lane, bytes: Buffer): void {
    this.#watcher.count(lane.direction, bytes.length);
    if (this.#cut) return;
    const before = lane.taken;
    lane.taken += bytes.length;
    const due = this.#faults.filter((fault) => this.#isReached(fault, lane));
    const truncation = due.find(({ kind }) => kind === 'truncate');
    if (truncation === undefined) this.#send(lane, bytes);
    else {
      const { after } = truncation as { after: { bytes: number } };
      this.#truncate(lane, bytes.subarray(0, Math.max(0, after.bytes - before)));
    }
    for (const fault of due) this.#happen(fault);
  }

  #isReached(fault: LineFault, { direction, taken }: Lane): boolean {
    if (!('after' in fault) || this.#happened.has(fault)) return false;
    const after: Moment = fault.after;
    return 'bytes' in after && after.direction === direction && taken >= after.bytes;
  }

  #happen(fault: LineFault): void {
    if (this.#happened.has(fault)) return;
    if (fault.kind === 'stall') {
      if (this.#cut) return;
      this.hold();
      this.#later(fault.milliseconds, () => this.release());
    } else if (fault.kind !== 'delay' && fault.kind !== 'rate') {
      if (this.#cut && fault.kind !== 'truncate') return;
      this.cut(fault.kind);
    }
    this.#happened.add(fault);
    this.#watcher.fault(fault.kind);
  }

  /** Lets all that was taken, and this much more, arrive, and no byte after it. */
  #truncate(lane: Lane, last: Buffer): void {
    this.#cut = true;
    const rest = lane.pieces.flatMap(({ bytes }) => bytes ?? []);
    this.#stop();
    lane.to.resume().end(Buffer.concat([...rest, last]));
    reset(lane.from);
    this.#later(FAREWELL, () => lane.to.destroy());
  }

  #send(lane: Lane, bytes: Buffer | undefined): void {
    if (this.#cut) return;
    const now = performance.now();
    let due = Math.max(now, lane.pieces.at(-1)?.due ?? 0);
    for (const fault of this.#faults) {
      if (fault.kind === 'delay') due = Math.max(due, now + this.#random.between(fault.least, fault.most));
      if (fault.kind === 'rate') due += ((bytes?.length ?? 0) / fault.bytesPerSecond) * 1000;
    }
    lane.pieces.push({ bytes, due });
    lane.under += bytes?.length ?? 0;
    this.#pump(lane);
  }

  /** Gives on what is due. */
  #pump(lane: Lane): void {
    clearTimeout(lane.timer);
    if (this.#cut || this.#holds > 0) return;
    while (lane.pieces.length > 0 && !lane.blocked) {
      const { bytes, due } = lane.pieces[0] as Lane['pieces'][number];
      const wait = due - performance.now();
      if (wait > 0) {
        lane.timer = setTimeout(() => this.#pump(lane), wait);
        break;
      }
      lane.pieces.shift();
      if (bytes === undefined) lane.to.end();
      else {
        lane.under -= bytes.length;
        lane.blocked = !lane.to.write(bytes);
      }
    }
    if (lane.under >= ROOM || lane.blocked) lane.from.pause();
    else lane.from.resume();
  }

  #later(milliseconds: number, what: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      what();
    }, milliseconds);
    this.#timers.add(timer);
  }

  #stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const lane of this.#lanes) {
      clearTimeout(lane.timer);
      lane.pieces.length = 0;
      lane.under = 0;
    }
  }
}

/**
 * Ends it with an RST, unless its FIN is under way or was sent: then it is just closed. libuv refuses to reset a socket that is
 * shutting down, after which Node neither closes it nor gets to its own end.
 */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
