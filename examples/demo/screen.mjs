import { styleText } from 'node:util';

const BAR = 20;
const FRAME = 100; // milliseconds

/** Bars that are redrawn in place on a terminal; elsewhere a line when something begins and ends. */
export function createScreen(stream, env) {
  const live = stream.isTTY === true && env.TERM !== 'dumb' && env.CI === undefined;
  const color = live ? (env.NO_COLOR ?? '') === '' : (env.FORCE_COLOR ?? '0') !== '0';
  const paint = (format) => (text) => (color ? styleText(format, text) : text);
  const style = { good: paint('green'), bad: paint('red'), dim: paint('dim'), strong: paint('bold') };
  return live ? new LiveScreen(stream, style) : new PlainScreen(stream, style);
}

class PlainScreen {
  #stream;

  constructor(stream, style) {
    this.#stream = stream;
    this.style = style;
  }

  say(text) {
    this.#stream.write(`${text}\n`);
  }

  lane(name, what) {
    this.say(`  ${name}: ${what} …`);
    return {
      progress: () => undefined,
      end: ({ files, seconds }) =>
        this.say(`  ${name}: ${what}: ${files.created} files in ${seconds.toFixed(1)} s`),
    };
  }

  close() {
    // Lines that are written stay.
  }
}

class LiveScreen {
  #stream;
  #lanes = new Map();
  #drawn = 0;
  #timer;

  constructor(stream, style) {
    this.#stream = stream;
    this.style = style;
  }

  say(text) {
    this.#stream.write(`${text}\n`);
  }

  /** One line for each client: its next task takes the place of the one before. */
  lane(name, what) {
    this.#timer ??= setInterval(() => this.#draw(), FRAME).unref();
    const lane = { what, fraction: 0, files: 0, rate: 0 };
    this.#lanes.set(name, lane);
    return {
      progress: ({ files, bytes, rate, complete }) => {
        lane.fraction = complete && bytes.found > 0 ? bytes.acknowledged / bytes.found : lane.fraction;
        lane.files = files.settled;
        lane.rate = rate;
      },
      end: ({ files, bytes, seconds }) => {
        Object.assign(lane, { fraction: 1, files: files.created, rate: bytes / seconds });
        this.#draw();
      },
    };
  }

  close() {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#draw();
    this.#drawn = 0;
    this.#lanes.clear();
  }

  #draw() {
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : '';
    const lines = [...this.#lanes].map(([name, lane]) => `\x1b[2K${this.#line(name, lane)}\n`);
    this.#stream.write(up + lines.join(''));
    this.#drawn = lines.length;
  }

  #line(name, { what, fraction, files, rate }) {
    const full = Math.round(fraction * BAR);
    const bar = this.style.good('━'.repeat(full)) + this.style.dim('━'.repeat(BAR - full));
    const speed = rate > 0 ? `${(rate / 1e6).toFixed(1)} MB/s` : '';
    // Short of 80 columns, because a line that wraps could not be drawn over.
    return `  ${name.padEnd(10)} ${what.padEnd(8)} ${bar} ${String(files).padStart(5)} files ${speed.padStart(11)}`;
  }
}
