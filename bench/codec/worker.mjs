// One contestant of one row, in a process of its own: what the compiler learns of one decoder is no help or harm to
// another. `codec.mjs` asks for one round at a time.
import { readFileSync } from 'node:fs';
import { contestants } from './contestants.mjs';
import { rows } from './rows.mjs';
import { checkTally, chunksOf, payloadsOf, prove } from './streams.mjs';

/** Seconds that a round should take. */
const ROUND = 0.15;
const WARM_UP_ROUNDS = 3;

const [rowId, name] = process.argv.slice(2);
const row = rows.find(({ id }) => id === rowId);

/** @returns {Promise<(seconds: number) => { count: number, seconds: number }>} does its work for about that long */
async function workOf() {
  if (row.own) {
    const { own } = await import('./own.mjs');
    return repeated(1000, own[Number(name)].run);
  }
  const codec = await contestants[name].load();
  const stream = payloadsOf(row.payload, 1);
  const chunks = chunksOf(codec, stream.payloads, row.cut);
  prove(codec, chunks, stream);
  return streamed(codec, chunks, stream);
}

function streamed(codec, chunks, { payloads, bytes }) {
  let input = chunks;
  return timed((times) => {
    // The same array of chunks for everyone, made before the clock runs.
    while (input.length < times * chunks.length) input = input.concat(input);
    input.length = times * chunks.length;
    return () => {
      checkTally(codec.decode(input), times * payloads.length, times * bytes);
      return times * payloads.length;
    };
  });
}

function repeated(step, run) {
  return timed((times) => () => {
    const done = run(times * step);
    if (done < times * step) throw new Error(`only ${done} of ${times * step} were done`);
    return done;
  });
}

/** The same file as long as this thread lives; its first number is nanoseconds on a processor. */
const SCHEDULER = `/proc/self/task/${process.pid}/schedstat`;

/**
 * Seconds that this thread has run, so that what else a machine does counts little; those of the clock where it cannot be
 * told, off Linux.
 */
function now() {
  try {
    return Number(readFileSync(SCHEDULER, 'latin1').split(' ')[0]) / 1e9;
  } catch {
    return performance.now() / 1000;
  }
}

/** Finds how often something has to be done to take long enough, then does it that often each time. */
function timed(prepare) {
  let times = 1;
  const measure = () => {
    const run = prepare(times);
    globalThis.gc?.();
    const began = now();
    const count = run();
    return { count, seconds: now() - began };
  };
  for (let last = measure(); last.seconds < ROUND / 2; last = measure()) times *= 2;
  return measure;
}

const measure = await workOf();
for (let i = 0; i < WARM_UP_ROUNDS; i += 1) measure();
process.on('message', () => process.send(measure()));
process.send('ready');
