// node --import loop-delay.mjs …: on SIGUSR2, adds a line to the file FILEX_BENCH_LOOP_DELAY that tells how late the event
// loop was since the last time, in milliseconds, and begins anew.
import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Milliseconds between two timers whose lateness is taken. */
const RESOLUTION = 2;

const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
histogram.enable();
process.on('SIGUSR2', () => {
  // What is recorded is the time from one timer to the next.
  const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  const told = {
    p50: late(histogram.percentile(50)),
    p99: late(histogram.percentile(99)),
    max: late(histogram.max),
  };
  appendFileSync(process.env.FILEX_BENCH_LOOP_DELAY, `${JSON.stringify(told)}\n`);
  histogram.reset();
});
