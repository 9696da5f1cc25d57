import type { SessionState } from '@filex/protocol/node';
import { bounds } from '../../bounds.js';
import { hintFor } from '../../errors.js';
import type { Settled } from '../../transfer/outcome.js';
import { grouped, rate, remainingTime, size } from '../amounts.js';
import { ConnectionEvents, ConnectionNotes } from '../connection-notes.js';
import { describeSettled } from '../describe.js';
import { type BarStyle, type Lost, type Phase, renderBars } from './bars.js';
import type { Display } from './report.js';
import type { Screen } from './screen.js';
import type { Tracker } from './tracker.js';

/** Bars that are redrawn in place. */
export class LiveDisplay implements Display {
  readonly #screen: Screen;
  readonly #tracker: Tracker;
  readonly #style: BarStyle;
  readonly #columns: () => number;
  readonly #verbose: boolean;
  #phase: Phase;
  #drawn = Number.NEGATIVE_INFINITY;
  #lost: (Omit<Lost, 'wait'> & { readonly until: number }) | undefined;

  constructor(
    screen: Screen,
    tracker: Tracker,
    options: { phase: Phase; style: BarStyle; columns: () => number; verbose: boolean },
  ) {
    this.#screen = screen;
    this.#tracker = tracker;
    this.#phase = options.phase;
    this.#style = options.style;
    this.#columns = options.columns;
    this.#verbose = options.verbose;
  }

  tick(now: number): void {
    if (now - this.#drawn < bounds.frameInterval) return;
    this.#drawn = now;
    const lost = this.#lost && { ...this.#lost, wait: this.#lost.until - now };
    this.#screen.draw(renderBars(this.#phase, this.#tracker, this.#columns(), this.#style, lost));
  }

  connection(state: SessionState, now: number): void {
    this.#drawn = Number.NEGATIVE_INFINITY;
    if (state.state === 'connected') this.#lost = undefined;
    else if (state.state === 'waiting')
      this.#lost = { state, until: now + state.delay, why: state.error.message };
    else this.#lost = { state, until: now, why: this.#lost?.why ?? '' };
  }

  phase(phase: Phase): void {
    this.#phase = phase;
    this.#drawn = Number.NEGATIVE_INFINITY;
  }

  settled(settled: Settled): void {
    if (this.#verbose) this.#screen.print(describeSettled(settled));
  }

  print(text: string): void {
    this.#screen.print(text);
  }

  close(): void {
    this.#screen.close();
  }
}

/** A line now and then, for logs. */
export class PlainDisplay implements Display {
  readonly #write: (line: string) => void;
  readonly #tracker: Tracker;
  readonly #verbose: boolean;
  #phase: Phase;
  readonly #notes: ConnectionNotes;
  #since: number | undefined;
  #step = 0;
  #isLost = false;
  #now = 0;

  constructor(write: (line: string) => void, tracker: Tracker, options: { phase: Phase; verbose: boolean }) {
    this.#write = write;
    this.#tracker = tracker;
    this.#phase = options.phase;
    this.#verbose = options.verbose;
    this.#notes = new ConnectionNotes({ write, now: () => this.#now, safe: () => tracker.safe() });
  }

  connection(state: SessionState, now: number): void {
    this.#now = now;
    this.#isLost = state.state !== 'connected';
    this.#notes.change(state);
  }

  tick(now: number): void {
    // That nothing moves is said by then.
    if (this.#isLost) return;
    this.#since ??= now;
    const waited = now - this.#since;
    if (waited < bounds.plainMinimum) return;
    const step = Math.floor((this.#tracker.fraction() ?? 0) * bounds.plainSteps);
    if (waited < bounds.plainInterval && step <= this.#step) return;
    this.#since = now;
    this.#step = step;
    this.#write(plainLine(this.#phase, this.#tracker));
  }

  phase(phase: Phase): void {
    this.#phase = phase;
  }

  settled(settled: Settled): void {
    if (this.#verbose) this.#write(describeSettled(settled));
  }

  print(text: string): void {
    this.#write(text);
  }

  close(): void {
    // Lines that are written stay.
  }
}

function plainLine(phase: Phase, tracker: Tracker): string {
  const fraction = tracker.fraction();
  const speed = tracker.rate();
  const remaining = tracker.remaining();
  const more = tracker.searching ? ' so far' : '';
  return [
    `${phase}: ${fraction === undefined ? '' : `${Math.floor(fraction * 100)}%, `}`,
    `${size(tracker.bytesAcknowledged)} of ${size(tracker.bytesFound)}${more}, `,
    `${grouped(tracker.filesSettled)} of ${grouped(tracker.filesFound)} files${more}`,
    speed === undefined ? '' : `, ${rate(speed)}`,
    remaining === undefined ? '' : `, ETA ${remainingTime(remaining)}`,
  ].join('');
}

/** `--json`: events for programs. What people should read still goes to them. */
export class JsonDisplay implements Display {
  readonly #event: (event: Readonly<Record<string, unknown>>) => void;
  readonly #write: (line: string) => void;
  readonly #tracker: Tracker;
  readonly #events: ConnectionEvents;
  #since: number | undefined;

  constructor(
    event: (event: Readonly<Record<string, unknown>>) => void,
    write: (line: string) => void,
    tracker: Tracker,
  ) {
    this.#event = event;
    this.#write = write;
    this.#tracker = tracker;
    this.#events = new ConnectionEvents(event);
  }

  connection(state: SessionState): void {
    this.#events.change(state);
  }

  tick(now: number): void {
    this.#since ??= now;
    if (now - this.#since < bounds.jsonInterval) return;
    this.#since = now;
    const tracker = this.#tracker;
    this.#event({
      event: 'progress',
      complete: !tracker.searching,
      files: { settled: tracker.filesSettled, found: tracker.filesFound },
      bytes: { acknowledged: tracker.bytesAcknowledged, found: tracker.bytesFound },
      rate: Math.round(tracker.rate() ?? 0),
    });
  }

  phase(): void {
    // Nothing that a program could act on.
  }

  settled(settled: Settled): void {
    this.#event(settledEvent(settled));
  }

  print(text: string): void {
    this.#write(text);
  }

  close(): void {
    // Lines that are written stay.
  }
}

function settledEvent(settled: Settled): Record<string, unknown> {
  if (settled.status !== 'failed') return { event: 'file', ...settled };
  const { status, from, to, error } = settled;
  const hint = hintFor(error);
  return { event: 'file', status, from, to, code: error.code, message: error.message, hint };
}

/** `--quiet`: says nothing by itself. */
export class QuietDisplay implements Display {
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  tick(): void {
    // Quiet.
  }

  phase(): void {
    // Quiet.
  }

  connection(): void {
    // Quiet.
  }

  settled(): void {
    // Quiet.
  }

  print(text: string): void {
    this.#write(text);
  }

  close(): void {
    // Lines that are written stay.
  }
}
