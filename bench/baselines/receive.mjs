// The receiving half: reads into pooled slabs with `onread` and writes to disk straight from them.
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { digestsEqual, TreeDigest } from '@filex/protocol';
import { DIGEST, HEADER, IN_FLIGHT, RECEIVE_SLAB, SMALL } from './framing.mjs';

export class Receiver {
  /** Give it to the socket that is to be received from. */
  onread = { buffer: () => this.#offer(), callback: (count) => this.#read(count) };
  /** Resolves with the number of files when all are on disk and their digests agree. */
  done;
  #root;
  #createHash;
  #folders = new Set();
  #free = [];
  #slab;
  #socket;
  /** What is expected next, how many bytes of it, and those of it that came in an earlier read. */
  #state = 'header';
  #wanted = HEADER;
  #kept = Buffer.alloc(0);
  #nameLength = 0;
  #size = 0;
  #file;
  #files = 0;
  #unfinished = 1;
  #writing = 0;
  #paused = false;
  #resolve;
  #reject;

  constructor(root, createHash) {
    this.#root = root;
    this.#createHash = createHash;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  attach(socket) {
    this.#socket = socket;
    socket.on('error', this.#reject);
    socket.on('close', () => {
      if (this.#state !== 'nothing') this.#reject(new Error('the connection was closed'));
    });
  }

  #offer() {
    this.#slab = this.#free.pop() ?? { buffer: Buffer.allocUnsafeSlow(RECEIVE_SLAB), holders: 0 };
    this.#slab.holders = 1;
    return this.#slab.buffer;
  }

  #release(slab) {
    slab.holders -= 1;
    if (slab.holders === 0) this.#free.push(slab);
  }

  #read(count) {
    const slab = this.#slab;
    try {
      this.#parse(slab.buffer.subarray(0, count), slab);
    } catch (error) {
      this.#reject(error);
      this.#socket.destroy();
    }
    this.#release(slab);
    this.#paused = this.#writing >= IN_FLIGHT;
    return !this.#paused;
  }

  #parse(chunk, slab) {
    let at = 0;
    while (at < chunk.length || this.#wanted === 0) {
      const take = Math.min(this.#wanted, chunk.length - at);
      const bytes = chunk.subarray(at, at + take);
      at += take;
      this.#wanted -= take;
      if (this.#state === 'content') this.#content(bytes, slab);
      else if (this.#wanted > 0) this.#kept = Buffer.concat([this.#kept, bytes]);
      else if (this.#kept.length === 0) this.#complete(bytes);
      else {
        const whole = Buffer.concat([this.#kept, bytes]);
        this.#kept = Buffer.alloc(0);
        this.#complete(whole);
      }
    }
  }

  #complete(bytes) {
    if (this.#state === 'header') {
      this.#nameLength = bytes.readUInt16BE(0);
      this.#size = bytes.readUIntBE(2, 6);
      if (this.#nameLength === 0) {
        this.#expect('nothing', Number.POSITIVE_INFINITY);
        this.#finished();
      } else this.#expect('name', this.#nameLength);
    } else if (this.#state === 'name') {
      this.#open(bytes.toString());
      this.#expect(this.#size === 0 ? 'digest' : 'content', this.#size === 0 ? DIGEST : this.#size);
    } else if (this.#state === 'digest') {
      this.#close(bytes);
      this.#expect('header', HEADER);
    }
  }

  #expect(state, bytes) {
    this.#state = state;
    this.#wanted = bytes;
  }

  #open(name) {
    const path = join(this.#root, name);
    const folder = dirname(path);
    if (!this.#folders.has(folder)) {
      fs.mkdirSync(folder, { recursive: true });
      this.#folders.add(folder);
    }
    this.#unfinished += 1;
    this.#file = {
      fd: fs.openSync(path, 'w'),
      tree: new TreeDigest(this.#createHash),
      position: 0,
      writes: 0,
      ended: false,
    };
  }

  #content(bytes, slab) {
    const file = this.#file;
    file.tree.update(bytes);
    if (this.#size <= SMALL) {
      fs.writeSync(file.fd, bytes, 0, bytes.length, file.position);
    } else {
      slab.holders += 1;
      this.#writing += 1;
      file.writes += 1;
      this.#write(file, bytes, file.position, slab);
    }
    file.position += bytes.length;
    if (this.#wanted === 0) this.#expect('digest', DIGEST);
  }

  #write(file, bytes, position, slab) {
    fs.write(file.fd, bytes, 0, bytes.length, position, (error, count) => {
      if (error) return this.#reject(error);
      if (count < bytes.length) return this.#write(file, bytes.subarray(count), position + count, slab);
      this.#release(slab);
      this.#writing -= 1;
      file.writes -= 1;
      if (file.ended && file.writes === 0) this.#finish(file);
      if (this.#paused && this.#writing < IN_FLIGHT) {
        this.#paused = false;
        this.#socket.resume();
      }
    });
  }

  #close(digest) {
    const file = this.#file;
    if (!digestsEqual(file.tree.digest(), digest)) throw new Error('the digest does not match');
    file.ended = true;
    if (file.writes === 0) this.#finish(file);
  }

  #finish(file) {
    fs.closeSync(file.fd);
    this.#files += 1;
    this.#finished();
  }

  #finished() {
    this.#unfinished -= 1;
    if (this.#unfinished === 0) this.#resolve(this.#files);
  }
}
