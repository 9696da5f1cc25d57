// node proxy.mjs PORT RTT RATE: a long way to the port PORT of this machine: RTT milliseconds there and back, RATE bits per
// second in each direction. Prints {"port":…}. To connect takes as long as it would there. Nothing is lost on the way, so
// what is measured is whether a program keeps enough on it.
import net from 'node:net';
import { performance } from 'node:perf_hooks';
import { DelayLine } from './delay-line.mjs';

/**
 * Milliseconds of sending that wait in front of the line, as in the buffer of a router: enough that the line is not idle
 * while this program waits for a processor. Who sends no more than the line holds never waits here.
 */
const BACKLOG = 30;
/** Bytes that have arrived and that the receiver does not take; from there on nothing more is read from the sender. */
const UNTAKEN = 2 ** 20;

const [target, rtt, rate] = process.argv.slice(2).map(Number);

/** What is put on a line after everything else. */
const END = new Uint8Array(0);

/** Carries what comes from one socket to the other, from the time `opens` on. */
function carry(from, to, opens) {
  const line = new DelayLine(rtt / 2, rate, opens);
  let timer;
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
    for (const bytes of line.take(now)) {
      if (bytes === END) to.end();
      else to.write(bytes);
    }
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
    line.put(END, performance.now());
    schedule();
  });
}

const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
  const far = net.connect({ host: '127.0.0.1', port: target, allowHalfOpen: true, noDelay: true });
  const now = performance.now();
  for (const [socket, other, trips] of [
    // A client may send when its SYN was answered, a server when it has seen the answer to that.
    [near, far, 1],
    [far, near, 1.5],
  ]) {
    carry(socket, other, now + trips * rtt);
    // An end comes along the line as the bytes do; what is broken off is broken off at once.
    socket.on('error', () => other.destroy());
  }
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
