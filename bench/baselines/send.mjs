// The sending half: packs headers, contents and digests of file after file into slabs, one `socket.write` a slab.
import fs from 'node:fs';
import { join } from 'node:path';
import { TreeDigest } from '@filex/protocol';
import { DIGEST, HEADER, IN_FLIGHT, SEND_SLAB, SMALL } from './framing.mjs';

/** Sends the files `names` of the folder `root`; resolves when the last byte was given to the socket. */
export async function sendFiles(socket, root, names, createHash) {
  const out = new Outlet(socket);
  for (const name of names) {
    const fd = fs.openSync(join(root, name), 'r');
    const { size } = fs.fstatSync(fd);
    await out.header(name, size);
    const tree = new TreeDigest(createHash);
    if (size <= SMALL) await out.small(fd, size, tree);
    else await out.large(fd, size, tree);
    fs.closeSync(fd);
    await out.bytes(tree.digest());
  }
  await out.end();
}

class Outlet {
  #socket;
  #free = [];
  #inFlight = 0;
  #wake = () => undefined;
  #slab = Buffer.allocUnsafeSlow(SEND_SLAB);
  #at = 0;

  constructor(socket) {
    this.#socket = socket;
  }

  async header(name, size) {
    const encoded = Buffer.from(name);
    await this.#room(HEADER + encoded.length);
    this.#slab.writeUInt16BE(encoded.length, this.#at);
    this.#slab.writeUIntBE(size, this.#at + 2, 6);
    this.#slab.set(encoded, this.#at + HEADER);
    this.#at += HEADER + encoded.length;
  }

  async bytes(bytes) {
    await this.#room(bytes.length);
    this.#slab.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  async small(fd, size, tree) {
    await this.#room(size + DIGEST);
    if (fs.readSync(fd, this.#slab, this.#at, size, 0) !== size) throw new Error('the file became shorter');
    tree.update(this.#slab.subarray(this.#at, this.#at + size));
    this.#at += size;
  }

  /** Reads one slab ahead of the one that is digested and sent. */
  async large(fd, size, tree) {
    let position = 0;
    const fill = (slab, at) => {
      const length = Math.min(slab.length - at, size - position);
      position += length;
      return { slab, at, length, read: readFully(fd, slab, at, length, position - length) };
    };
    let filling = fill(this.#slab, this.#at);
    for (;;) {
      const { slab, at, length, read } = filling;
      await read;
      const last = position === size;
      if (!last) filling = fill(await this.#take(), 0);
      tree.update(slab.subarray(at, at + length));
      this.#slab = slab;
      this.#at = at + length;
      if (last) return;
      this.#flush();
    }
  }

  /** The name that is no name, and what is left. */
  async end() {
    await this.bytes(Buffer.alloc(HEADER));
    this.#flush();
  }

  async #room(bytes) {
    if (SEND_SLAB - this.#at >= bytes) return;
    this.#flush();
    this.#slab = await this.#take();
  }

  #flush() {
    const slab = this.#slab;
    this.#inFlight += 1;
    this.#socket.write(slab.subarray(0, this.#at), () => {
      this.#inFlight -= 1;
      this.#free.push(slab);
      this.#wake();
    });
    this.#at = 0;
  }

  async #take() {
    while (this.#inFlight >= IN_FLIGHT) {
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(SEND_SLAB);
  }
}

function readFully(fd, slab, at, length, position) {
  return new Promise((resolve, reject) => {
    fs.read(fd, slab, at, length, position, (error, count) => {
      if (error) reject(error);
      else if (count === length) resolve();
      else if (count === 0) reject(new Error('the file became shorter'));
      else readFully(fd, slab, at + count, length - count, position + count).then(resolve, reject);
    });
  });
}
