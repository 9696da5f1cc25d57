import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { visible } from '../harness/leftovers.js';
import { manInTheMiddle } from '../harness/man-in-the-middle.js';
import { startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';
import { makeTree } from '../harness/tree.js';

const NOT_ALLOWED = 7;
const IDENTITY = 13;
const PLUS = 'SCRAM-SHA-256-PLUS';

/** What `openssl s_client` says of a handshake with these options. */
function openssl(
  port: number,
  ...options: string[]
): { readonly code: number | null; readonly text: string } {
  const words = ['s_client', '-connect', `127.0.0.1:${port}`, ...options];
  const { status, stdout, stderr } = spawnSync('openssl', words, { input: '', encoding: 'utf8' });
  return { code: status, text: stdout + stderr };
}

test('another implementation of TLS finds 1.3, and nothing below', async ({ skip }) => {
  if (spawnSync('openssl', ['version']).status !== 0) return skip('there is no openssl here');
  const { port } = await startServer();
  const good = openssl(port, '-tls1_3', '-alpn', 'filex/1');
  expect(good.code, good.text).toBe(0);
  expect(good.text).toMatch(/TLSv1\.3/);
  expect(good.text).toMatch(/ALPN protocol: filex\/1/);
  for (const version of ['-tls1_2', '-tls1_1', '-tls1']) {
    const bad = openssl(port, version);
    expect(bad.code, bad.text).not.toBe(0);
    expect(bad.text).toMatch(/alert|no protocols|unsupported|null/i);
  }
  const stranger = openssl(port, '-tls1_3', '-alpn', 'http/1.1');
  expect(stranger.code, stranger.text).not.toBe(0);
});

describe('somebody in the middle', () => {
  const secured = async () => {
    const server = await startServer({ anonymous: 'default', env: { FILEX_STATE: temporaryFolder() } });
    const { user, passcode } = server.listening.guest as { user: string; passcode: string };
    return { server, user, env: { FILEX_PASSCODE: passcode } };
  };

  test('with a certificate of their own is caught by the passcode, even when the client trusts that one', async () => {
    const { server, user, env } = await secured();
    const middle = await manInTheMiddle({ target: server.port });
    const file = makeTree(temporaryFolder(), { secret: 'not for them' });
    const url = `filex://${user}@127.0.0.1:${middle.port}/?fp=${middle.fingerprint}`;
    const exit = await filex(['put', `${file}/secret`, url], { env });
    expect(exit.code, exit.stderr).toBe(NOT_ALLOWED);
    expect(visible(server.folder)).toEqual([]);
    const pinned = url.replace(/fp=.*/, `fp=${server.listening.fingerprint}`);
    expect((await filex(['put', `${file}/secret`, pinned], { env })).code).toBe(IDENTITY);
  });

  test.each([
    ['takes -PLUS out of what is offered', (bytes: Buffer) => withoutPlus(bytes)],
    ['renames -PLUS in what is offered', (bytes: Buffer) => swap(bytes, PLUS, 'SCRAM-SHA-256-PLUZ')],
  ])('who %s is caught', async (_title, alter) => {
    const { server, user, env } = await secured();
    let altered = 0;
    const middle = await manInTheMiddle({
      target: server.port,
      alter: (bytes) => {
        const changed = alter(bytes);
        if (!changed.equals(bytes)) altered += 1;
        return changed;
      },
    });
    const url = `filex://${user}@127.0.0.1:${middle.port}/?fp=${middle.fingerprint}`;
    const exit = await filex(['ls', url], { env });
    expect(exit.code, exit.stderr).toBe(NOT_ALLOWED);
    expect(altered).toBe(1);
  });
});

function swap(bytes: Buffer, from: string, to: string): Buffer {
  const at = bytes.indexOf(from);
  if (at < 0) return bytes;
  const changed = Buffer.from(bytes);
  changed.write(to, at, 'latin1');
  return changed;
}

/** Takes the mechanism out of HELLO and mends all lengths around it, as a careful attacker would. */
function withoutPlus(bytes: Buffer): Buffer {
  const name = bytes.indexOf(PLUS);
  if (name < 0) return bytes;
  // A list of names, each with u16 of its length before it, in a field `u16 tag, u16 length`, in a frame after the preface.
  const item = name - 2;
  const cut = PLUS.length + 2;
  const frame = bytes.indexOf(Buffer.from('\r\n\x1a', 'latin1')) + 3;
  const changed = Buffer.concat([bytes.subarray(0, item), bytes.subarray(item + cut)]);
  changed.writeUInt32BE(bytes.readUInt32BE(frame) - cut, frame);
  let field = frame + 10;
  for (;;) {
    const length = bytes.readUInt16BE(field + 2);
    if (item >= field + 4 && item < field + 4 + length) {
      changed.writeUInt16BE(length - cut, field + 2);
      return changed;
    }
    field += 4 + length;
  }
}
