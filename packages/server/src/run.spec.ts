import { EventEmitter } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer as createNetServer } from 'node:net';
import { join } from 'node:path';
import { connect } from '@filex/protocol/node';
import { describe, expect, it } from 'vitest';
import { run } from './run.js';
import { temporaryFolder } from './testing/temporary-folder.js';

const top = temporaryFolder();

/** Runs the command until it has said something on stdout, or has ended. */
async function start(argv: string[], env: Record<string, string> = {}) {
  const signals = new EventEmitter();
  let out = '';
  let err = '';
  let heard!: () => void;
  const said = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const stopped = run({
    argv,
    env: { FILEX_LOG_LEVEL: 'silent', FILEX_STATE: join(top, 'state'), ...env },
    signals: signals as never,
    stdin: (async function* () {})(),
    askHidden: undefined,
    out: (text) => {
      out += text;
      heard();
    },
    err: (text) => {
      err += text;
    },
  });
  await Promise.race([said, stopped]);
  const stop = (signal = 'SIGTERM') => {
    signals.emit(signal, signal);
    return stopped;
  };
  return { stopped, stop, out: () => out, err: () => err };
}

describe('filex-server', () => {
  it('makes the folder, says where it listens as JSON, and stops in good order', async () => {
    const dir = join(top, 'made/by/it');
    const server = await start([dir, '--port', '0', '--json', '--host', '127.0.0.1', '--anonymous', 'write']);
    const event = JSON.parse(server.out());
    expect(event).toEqual({
      event: 'listening',
      urls: [expect.stringMatching(/^filex:\/\/127\.0\.0\.1:\d+\/\?fp=sha256:[\w-]{43}$/)],
      fingerprint: event.urls[0].split('fp=')[1],
      plaintextUrls: [expect.stringMatching(/^filex\+tcp:\/\/127\.0\.0\.1:\d+\/$/)],
    });
    const check = await start(['--healthcheck', event.urls[0]]);
    expect(await check.stopped).toEqual({ exitCode: 0, forced: false });
    const session = await connect(event.urls[0]);
    await session.upload(Buffer.from('x'), 'a');
    await session.close();
    expect(await server.stop()).toEqual({ exitCode: 0, forced: false });
    expect(existsSync(join(dir, 'a'))).toBe(true);
  });

  it('says it to people with what they need to know', async () => {
    const server = await start([join(top, 'people'), '--anonymous', 'drop'], { FILEX_PORT: '0' });
    expect(server.out()).toContain(`Serving ${join(top, 'people')}\n`);
    expect(server.out()).toMatch(/\n {2}filex:\/\/127\.0\.0\.1:\d+\/\?fp=sha256:[\w-]{43}\n/);
    expect(server.out()).toContain('anonymous:  everybody who can connect may upload, and neither list');
    expect(server.out()).toMatch(/npx filex-client put -r FOLDER 'filex:\/\//);
    expect(server.out()).not.toContain('passcode');
    await server.stop('SIGINT');
  });

  it.each([
    [['--port', 'x'], '--port must be a whole number from 0 to 65535, not "x"'],
    [['--nonsense'], "unknown option '--nonsense'"],
    [['a', 'b'], 'too many arguments'],
    [['--config', '/no/such/file'], 'cannot read the configuration file'],
  ])('%j is wrong usage', async (argv, message) => {
    const server = await start(argv);
    expect((await server.stopped).exitCode).toBe(2);
    expect(server.err()).toContain(message);
    expect(server.out()).toBe('');
  });

  it('says when the port is taken or the folder is none', async () => {
    const taken = createNetServer();
    await new Promise<void>((resolve) => taken.listen(0, resolve));
    const { port } = taken.address() as { port: number };
    const second = await start([join(top, 'taken'), '--port', String(port)]);
    expect((await second.stopped).exitCode).toBe(1);
    expect(second.err()).toBe(
      `filex-server: port ${port} is taken: another program listens there. Choose another with --port N, or any free one with --port 0\n`,
    );
    taken.close();
    writeFileSync(join(top, 'file'), '');
    const onFile = await start([join(top, 'file'), '--port', '0']);
    expect((await onFile.stopped).exitCode).toBe(1);
    expect(onFile.err()).toContain('is not a folder');
    const dead = await start(['--healthcheck', '--port', '1']);
    expect((await dead.stopped).exitCode).toBe(1);
    expect(dead.err()).toContain('127.0.0.1:1');
  });

  it('shows help and version', async () => {
    const help = await start(['--help']);
    expect((await help.stopped).exitCode).toBe(0);
    expect(help.out()).toContain('Exit codes:');
    const version = await start(['--version']);
    expect((await version.stopped).exitCode).toBe(0);
    expect(version.out()).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
