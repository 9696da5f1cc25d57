// Honest clients in a process of their own, so that what the attacker does to its own process is not taken for what it does
// to the server. Two lanes transfer all the time, one up, one down; each checks every byte by means of its own.
//
// `hold` makes the two transfers that run go on, piece by piece, until `release`: they begin before an attack and end after
// it. `newcomer` connects anew, stores a small file and fetches it.
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { connect } from '@filex/protocol/node';

const { up, down, passcode, served } = JSON.parse(process.argv[2]);
const PIECE = 64 * 1024;
/** Bytes that a held download takes in a tick: its file must last for the longest attack. */
const SLOW_PIECE = 16 * 1024;
/** Milliseconds between two pieces. */
const TICK = 20;
const LEAST_PIECES = 8;
const folder = 'honest';
const file = randomBytes(8 * 1024 * 1024);
const digestOf = (bytes) => createHash('sha256').update(bytes).digest('hex');
const fileDigest = digestOf(file);

let held = false;
let stopped = false;
const tick = () => new Promise((resolve) => setTimeout(resolve, TICK));
const enter = (url) => connect(url, { passcode });
const tell = (message) => process.send?.(message);
const complain = (where, error) =>
  tell({ type: 'fault', message: `${where}: ${error?.code ?? ''} ${error?.message ?? error}` });

/** One direction: what it has moved, and the longest time that nothing moved while it should. */
class Lane {
  name;
  begun = 0;
  ended = 0;
  bytes = 0;
  gap = 0;
  /** Whether the transfer that runs has moved a piece since it was told to go on. */
  underWay = false;
  #last = 0;

  constructor(name) {
    this.name = name;
  }

  begin() {
    this.begun += 1;
    this.underWay = false;
    this.#last = performance.now();
  }

  moved(bytes) {
    const now = performance.now();
    this.gap = Math.max(this.gap, now - this.#last);
    this.#last = now;
    this.bytes += bytes;
    this.underWay ||= held;
    changed();
  }

  /** Not moving because it is told to wait, which is no gap. */
  rested() {
    this.#last = performance.now();
  }

  end() {
    this.ended += 1;
    this.underWay = false;
    changed();
  }
}

const lanes = { up: new Lane('up'), down: new Lane('down') };

let waiting = [];
function changed() {
  waiting = waiting.filter(({ done, resolve }) => {
    if (!done()) return true;
    resolve();
    return false;
  });
}
const until = (done) =>
  new Promise((resolve) => {
    waiting.push({ done, resolve });
    changed();
  });

async function* paced(hash) {
  for (let pieces = 0; pieces < LEAST_PIECES || held; pieces += 1) {
    const piece = randomBytes(PIECE);
    hash.update(piece);
    yield piece;
    lanes.up.moved(PIECE);
    await tick();
  }
}

async function uploadOne(session, number) {
  const path = `${folder}/up-${number}`;
  const hash = createHash('sha256');
  await session.upload(paced(hash), path);
  const stored = createHash('sha256');
  // Looked at on the disk itself: the server cannot show us another file.
  for await (const chunk of createReadStream(join(served, path))) stored.update(chunk);
  if (stored.digest('hex') !== hash.digest('hex')) throw new Error(`${path} is not what was sent`);
  await session.remove(path);
}

async function downloadOne(session) {
  const hash = createHash('sha256');
  let left = file.length;
  await session.download(`${folder}/down`, {
    write: async (bytes) => {
      hash.update(bytes);
      lanes.down.moved(bytes.length);
      left -= bytes.length;
      for (let paid = 0; held && paid < bytes.length; paid += SLOW_PIECE) await tick();
      // The last bytes stay on their way as long as the attack goes on.
      while (held && left < 2 * PIECE) await tick();
      lanes.down.rested();
    },
  });
  if (hash.digest('hex') !== fileDigest) throw new Error('what came down is not what is there');
}

async function run(lane, session, transfer) {
  for (let number = 0; !stopped; number += 1) {
    lane.begin();
    await transfer(session, number);
    lane.end();
    await tick();
  }
}

async function newcomer() {
  const begun = performance.now();
  const session = await enter(up);
  try {
    const content = randomBytes(PIECE);
    const path = `${folder}/new-${content.toString('hex', 0, 8)}`;
    await session.upload(content, path);
    const parts = [];
    for await (const part of session.read(path)) parts.push(part);
    await session.remove(path);
    if (digestOf(Buffer.concat(parts)) !== digestOf(content))
      throw new Error('a newcomer got other bytes back');
  } finally {
    await session.close();
  }
  return performance.now() - begun;
}

process.on('message', async ({ type, id }) => {
  switch (type) {
    case 'hold': {
      held = true;
      for (const lane of Object.values(lanes)) {
        lane.gap = 0;
        lane.bytes = 0;
      }
      await until(() => lanes.up.underWay && lanes.down.underWay);
      const mark = Object.values(lanes).map(({ begun }) => begun);
      tell({ type, id, mark });
      break;
    }
    case 'release': {
      const running = Object.values(lanes).map((lane) => ({ lane, ends: lane.begun }));
      held = false;
      await until(() => running.every(({ lane, ends }) => lane.ended >= ends));
      const bytes = lanes.up.bytes + lanes.down.bytes;
      tell({
        type,
        id,
        mark: running.map(({ ends }) => ends),
        bytes,
        gap: Math.max(lanes.up.gap, lanes.down.gap),
      });
      break;
    }
    case 'newcomer':
      try {
        tell({ type, id, milliseconds: await newcomer() });
      } catch (error) {
        tell({ type, id, fault: `${error?.code ?? ''} ${error?.message ?? error}` });
      }
      break;
    case 'stop':
      stopped = true;
      process.disconnect();
  }
});

const sessions = await Promise.all([enter(up), enter(down)]);
await sessions[0].makeDirectory(folder);
await sessions[0].upload(file, `${folder}/down`);
tell({ type: 'ready' });
try {
  await Promise.all([
    run(lanes.up, sessions[0], uploadOne).catch((error) => complain('an honest upload', error)),
    run(lanes.down, sessions[1], downloadOne).catch((error) => complain('an honest download', error)),
  ]);
} finally {
  for (const session of sessions) session.destroy();
}
