// node proxy.mjs PORT RTT RATE: a long way to the port PORT of this machine: RTT milliseconds there and back, RATE bits per
// second in each direction. Prints {"port":…}. Nothing is lost on it, so what is measured is whether a program keeps
// enough on its way.
import net from 'node:net';
import { performance } from 'node:perf_hooks';
import { DelayLine } from './delay-line.mjs';

/**
 * Milliseconds of sending that wait in front of the line, as in the buffer of a router: enough that the line is never idle
 * between two turns of this program while somebody sends, and little beside what is on a long line.
 */
const BACKLOG = 8;
/** Bytes that have arrived and that the receiver does not take; from there on nothing more is read from the sender. */
const UNTAKEN = 2 ** 20;

const [target, rtt, rate] = process.argv.slice(2).map(Number);

/** Carries what comes from one socket to the other. */
function carry(from, to) {
  const line = new DelayLine(rtt / 2, rate);
  let timer;
  let ended = false;
  const schedule = () => {
    if (timer !== undefined || to.destroyed) return;
    const now = performance.now();
    const full = from.isPaused() ? Math.max(0, line.backlog(now) - BACKLOG / 2) : undefined;
    const waits = [line.wait(now), full].filter((wait) => wait !== undefined);
    if (waits.length > 0) timer = setTimeout(turn, Math.min(...waits));
  };
  const turn = () => {
    timer = undefined;
    const now = performance.now();
    for (const bytes of line.take(now)) to.write(bytes);
    if (ended && line.wait(now) === undefined) to.end();
    const taken = to.writableLength < UNTAKEN;
    if (from.isPaused() && line.backlog(now) < BACKLOG && taken) from.resume();
    if (taken || line.wait(now) !== undefined) schedule();
  };
  from.on('data', (bytes) => {
    line.put(bytes, performance.now());
    if (line.backlog(performance.now()) >= BACKLOG || to.writableLength >= UNTAKEN) from.pause();
    schedule();
  });
  to.on('drain', turn);
  from.on('end', () => {
    ended = true;
    turn();
  });
}

const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
  const far = net.connect({ host: '127.0.0.1', port: target, allowHalfOpen: true, noDelay: true });
  for (const [socket, other] of [
    [near, far],
    [far, near],
  ]) {
    carry(socket, other);
    // An end comes along the line as the bytes do; what is broken off is broken off at once.
    socket.on('error', () => other.destroy());
  }
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
