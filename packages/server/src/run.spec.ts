import { EventEmitter } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createNetServer } from 'node:net';
import { join } from 'node:path';
import { connect, fingerprintOf } from '@filex/protocol/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { run } from './run.js';
import { temporaryFolder } from './testing/temporary-folder.js';
import { temporaryKey } from './tls/server-key.js';

const top = temporaryFolder();
let count = 0;
/** A name that nothing has. */
const fresh = (): string => {
  count += 1;
  return join(top, String(count));
};

/** Runs the command until it has said something on stdout, or has ended. Unless told otherwise, it is the first start. */
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
    env: { FILEX_LOG_LEVEL: 'silent', FILEX_PORT: '0', HOME: fresh(), ...env },
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
  onTestFinished(async () => {
    await stop();
  });
  return { stopped, stop, out: () => out, err: () => err };
}

/** What a server that was started with `--json` says of itself. */
async function listening(argv: string[], env: Record<string, string> = {}) {
  const server = await start([...argv, '--json', '--host', '127.0.0.1'], env);
  expect(server.err()).toBe('');
  const event = JSON.parse(server.out()) as {
    urls: string[];
    plaintextUrls: string[];
    fingerprint: string;
    guest?: { user: string; passcode: string };
  };
  return { ...server, event, url: event.urls[0] as string };
}

describe('filex-server', () => {
  it('makes the folder, says where it listens as JSON, and stops in good order', async () => {
    const dir = join(fresh(), 'made/by/it');
    const env = { HOME: fresh() };
    const server = await listening([dir, '--anonymous', 'write'], env);
    expect(server.event).toEqual({
      event: 'listening',
      urls: [expect.stringMatching(/^filex:\/\/127\.0\.0\.1:\d+\/\?fp=sha256:[\w-]{43}$/)],
      fingerprint: server.url.split('fp=')[1],
      plaintextUrls: [expect.stringMatching(/^filex\+tcp:\/\/127\.0\.0\.1:\d+\/$/)],
    });
    const session = await connect(server.url);
    await session.upload(Buffer.from('x'), 'a');
    await session.close();
    expect(await server.stop()).toEqual({ exitCode: 0, forced: false });
    expect(existsSync(join(dir, 'a'))).toBe(true);
    // Who comes in anyway needs no passcode.
    expect(readdirSync(join(env.HOME, '.local/state/filex-server')).sort()).toEqual(['cert.pem', 'key.pem']);
  });

  it('says it to people with what they need to know', async () => {
    const dir = fresh();
    const server = await start([dir, '--anonymous', 'drop']);
    expect(server.out()).toContain(`Serving ${dir}\n`);
    expect(server.out()).toMatch(/\n {2}filex:\/\/127\.0\.0\.1:\d+\/\?fp=sha256:[\w-]{43}\n/);
    expect(server.out()).toContain('anonymous:  everybody who can connect may upload, and neither list');
    expect(server.out()).toMatch(/npx filex-client put -r FOLDER 'filex:\/\//);
    expect(server.out()).not.toContain('passcode');
    await server.stop('SIGINT');
  });

  it.each([
    [['--port', 'x'], '--port must be a whole number from 0 to 65535, not "x"'],
    [['--limit', 'maxConnections=0'], '--limit maxConnections must be from 1'],
    [['--tls-cert', 'x'], '--tls-cert and --tls-key belong together'],
    [['--nonsense'], "unknown option '--nonsense'"],
    [['a', 'b'], 'too many arguments'],
    [['--config', '/no/such/file'], 'cannot read the configuration file'],
    [['user', 'add'], "missing required argument 'name'"],
    [['user', 'list', '--config', '/no/such/file'], 'cannot read the configuration file'],
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
    const env = { HOME: fresh() };
    const second = await start([fresh(), '--port', String(port)], env);
    expect((await second.stopped).exitCode).toBe(1);
    expect(second.err()).toBe(
      `filex-server: port ${port} is taken: another program listens there. Choose another with --port N, or any free one with --port 0\n`,
    );
    taken.close();
    const file = fresh();
    writeFileSync(file, '');
    const onFile = await start([file], env);
    expect((await onFile.stopped).exitCode).toBe(1);
    expect(onFile.err()).toContain('is not a folder');
    // The passcode was never shown, so the next start makes another one.
    expect((await listening([fresh()], env)).event.guest).toBeDefined();
  });

  it('looks how a server is, also one that lets only users in', async () => {
    const env = { HOME: fresh() };
    const server = await listening([fresh(), '--plaintext', 'off'], env);
    const { port } = new URL(server.url);
    await expect(connect(`filex+tcp://127.0.0.1:${port}/`)).rejects.toMatchObject({
      code: 'PLAINTEXT_REFUSED',
    });
    const options = ['--healthcheck', '--port', port, '--host', '127.0.0.1'];
    expect((await (await start(options, env)).stopped).exitCode).toBe(0);
    expect((await (await start(['--healthcheck', server.url], env)).stopped).exitCode).toBe(0);
    const other = { HOME: fresh() };
    await (await listening([fresh()], other)).stop();
    const mistaken = await start(options, other);
    expect((await mistaken.stopped).exitCode).toBe(1);
    expect(mistaken.err()).toContain('it has the key');
    await server.stop();
    expect((await (await start(options, env)).stopped).exitCode).toBe(1);
  });

  it('shows help, version and limits', async () => {
    const help = await start(['--help']);
    expect((await help.stopped).exitCode).toBe(0);
    expect(help.out()).toContain('Exit codes:');
    const version = await start(['--version']);
    expect((await version.stopped).exitCode).toBe(0);
    expect(version.out()).toMatch(/^\d+\.\d+\.\d+\n$/);
    const table = await start(['limits']);
    expect((await table.stopped).exitCode).toBe(0);
    expect(table.out()).toMatch(/^NAME +STANDARD +RANGE +CODE +WHAT IS LIMITED\n/);
    expect(table.out()).toMatch(/\nmaxConnections +1024 +1\.\.1048576 +TOO_MANY_CONNECTIONS +connections/);
    expect(table.out()).toMatch(/\nmaxPathBytes +4K +fixed +MESSAGE_MALFORMED +a whole path/);
    const json = await start(['limits', '--json']);
    expect(JSON.parse(json.out())).toMatchObject({ banTime: { standard: 600_000, code: 'RATE_LIMITED' } });
  });
});

describe('the first start', () => {
  it('makes a user, tells the passcode once, and knows it from then on', async () => {
    const env = { HOME: fresh() };
    const first = await start([fresh()], env);
    const url = /'(filex:\/\/guest@\S+)'/.exec(first.out())?.[1]?.replace(/@[^/]+:/, '@127.0.0.1:') as string;
    const passcode = /\npasscode: {3}(\S+) /.exec(first.out())?.[1] as string;
    expect(passcode).toMatch(/^\w{5}(-\w{5}){3}$/);
    const session = await connect(url, { passcode });
    await session.upload(Buffer.from('x'), 'a');
    await session.close();
    await expect(connect(url, { passcode: 'another' })).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    await expect(connect(url.replace('guest@', ''))).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    await first.stop();
    const kept = readFileSync(join(env.HOME, '.local/state/filex-server/users.json'), 'utf8');
    expect(kept).not.toContain(passcode);

    const second = await start([fresh()], env);
    expect(second.out()).not.toContain(passcode);
    expect(second.out()).toContain(
      'users:      guest (passcode as printed at the first start; `filex-server user passwd guest --generate` makes a new one)',
    );
    expect(second.out()).toContain(url.split('fp=')[1]);
    const again = /'(filex:\/\/guest@\S+)'/.exec(second.out())?.[1]?.replace(/@[^/]+:/, '@127.0.0.1:');
    await (await connect(again as string, { passcode })).close();
    await second.stop();

    const third = await listening([fresh()], env);
    expect(third.event).not.toHaveProperty('guest');
  });

  it('of two servers at once makes one key and one passcode', async () => {
    const env = { HOME: fresh() };
    const servers = await Promise.all([listening([fresh()], env), listening([fresh()], env)]);
    expect(new Set(servers.map(({ event }) => event.fingerprint)).size).toBe(1);
    const guests = servers.flatMap(({ event }) => event.guest ?? []);
    expect(guests).toHaveLength(1);
    for (const { url } of servers)
      await (await connect(url, { passcode: guests[0]?.passcode ?? '' })).close();
  });

  it('says how to get a new passcode for users that are elsewhere', async () => {
    const users = join(fresh(), "ann's/users.json");
    const env = { npm_command: 'exec', FILEX_USERS: users };
    await (await listening([fresh()], env)).stop();
    const server = await start([fresh()], env);
    expect(server.out()).toContain(
      `npx filex-server user passwd --users '${users.replace("'", "'\\''")}' guest --generate`,
    );
  });

  it.each([
    ['the state folder', '--state', 'state'],
    ['the users file', '--users', 'users.json'],
    ['the audit log', '--audit', 'audit.jsonl'],
  ])('refuses to serve %s', async (what, flag, name) => {
    const dir = fresh();
    const server = await start([dir, flag, join(dir, name)]);
    expect((await server.stopped).exitCode).toBe(1);
    expect(server.err()).toContain(`filex-server: ${what} "${join(dir, name)}" is inside the served folder`);
    expect(readdirSync(dir)).toEqual([]);
  });
});

describe('users', () => {
  const change = async (argv: string[], env: Record<string, string>) => {
    const command = await start(['user', ...argv], env);
    expect((await command.stopped).exitCode).toBe(0);
    return command.out().trim();
  };

  it('are taken from the users file, and lose their connections with their rights', async () => {
    const env = { HOME: fresh() };
    const passcode = await change(['add', 'ann', '--generate'], env);
    const bobs = await change(['add', 'bob', '--generate', '--preset', 'read'], env);
    const server = await start([fresh()], env);
    expect(server.out()).toContain('\nusers:      ann, bob\n');
    expect(server.out()).toContain("put -r FOLDER 'filex://USER@");
    const at = /filex:\/\/(127\.0\.0\.1:\S+)/.exec(server.out())?.[1] as string;
    const ann = await connect(`filex://ann@${at}`, { passcode });
    const bob = await connect(`filex://bob@${at}`, { passcode: bobs });
    await ann.upload(Buffer.from('x'), 'a');
    await expect(bob.upload(Buffer.from('x'), 'b')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await change(['rm', 'ann'], env);
    await expect(ann.closed).resolves.toMatchObject({
      code: 'AUTH_FAILED',
      message: expect.stringContaining('this user was removed'),
    });
    await expect(connect(`filex://ann@${at}`, { passcode })).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    expect((await bob.stat('a')).size).toBe(1);
    const renewed = await change(['passwd', 'bob', '--generate'], env);
    await expect(bob.closed).resolves.toMatchObject({
      code: 'AUTH_FAILED',
      message: expect.stringContaining('changed; log in again'),
    });
    await (await connect(`filex://bob@${at}`, { passcode: renewed })).close();
  });

  it('must be there where nobody else gets in', async () => {
    const env = { HOME: fresh() };
    await change(['add', 'ann', '--generate'], env);
    await change(['rm', 'ann'], env);
    const server = await start([fresh()], env);
    expect((await server.stopped).exitCode).toBe(1);
    expect(server.err()).toContain('nobody could log in: the users file has no users');
    const missing = await start([fresh(), '--anonymous', 'read', '--users', join(fresh(), 'typo.json')], env);
    expect((await missing.stopped).exitCode).toBe(1);
    expect(missing.err()).toContain('there is no users file');
    const open = await listening([fresh(), '--anonymous', 'read'], env);
    await (await connect(open.url)).close();
  });

  it('are managed where the configuration says', async () => {
    const users = join(fresh(), 'users.json');
    const config = fresh();
    writeFileSync(config, JSON.stringify({ users }));
    await change(['add', 'ann', '--generate'], { FILEX_CONFIG: config });
    expect(await change(['list', '--users', users], {})).toContain('ann');
    const none = await start(['user', 'list'], { HOME: fresh() });
    expect((await none.stopped).exitCode).toBe(1);
    expect(none.err()).toContain('filex-server: there is no users file');
  });
});

describe('options of the server', () => {
  it('are a certificate of its own, limits, an audit log, and no plaintext', async () => {
    const at = fresh();
    mkdirSync(at);
    const key = await temporaryKey();
    writeFileSync(join(at, 'cert.pem'), key.cert);
    writeFileSync(join(at, 'key.pem'), key.key, { mode: 0o600 });
    const config = join(at, 'config.json');
    writeFileSync(
      config,
      JSON.stringify({
        tlsCert: join(at, 'cert.pem'),
        tlsKey: join(at, 'key.pem'),
        limits: { maxStreams: 3 },
      }),
    );
    const audit = join(at, 'audit.jsonl');
    const argv = [fresh(), '--config', config, '--limit', 'maxConnections=1', '--audit', audit];
    const server = await listening([
      ...argv,
      '--plaintext',
      'off',
      '--anonymous',
      'write',
      '--keep-free',
      '1K',
    ]);
    expect(server.event.fingerprint).toBe(fingerprintOf(key.cert));
    expect(server.event.plaintextUrls).toEqual([]);
    // A renewal that went wrong leaves the server as it is, and well.
    writeFileSync(join(at, 'cert.pem'), (await temporaryKey()).cert);
    const check = ['--healthcheck', '--config', config, '--port', new URL(server.url).port];
    expect((await (await start([...check, '--host', '127.0.0.1'])).stopped).exitCode).toBe(0);
    const session = await connect(server.url);
    await expect(connect(server.url)).rejects.toMatchObject({
      code: 'TOO_MANY_CONNECTIONS',
      message: expect.stringContaining('maxConnections'),
    });
    await session.upload(Buffer.from('x'), 'a');
    await session.close();
    await server.stop();
    const events = readFileSync(audit, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).event);
    expect(events).toEqual(expect.arrayContaining(['login', 'upload', 'session', 'refusal']));
  });

  it('say that plaintext can be read on the way', async () => {
    const server = await start([fresh(), '--plaintext', 'on', '--anonymous', 'read']);
    expect(server.out()).toMatch(/plaintext: .* \(--plaintext on\)\n {2}filex\+tcp:\/\/127\.0\.0\.1:\d+\/\n/);
  });
});
