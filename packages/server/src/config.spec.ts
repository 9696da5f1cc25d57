import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from './bounds.js';
import { ConfigError, readConfig } from './config.js';
import { temporaryFolder } from './testing/temporary-folder.js';

const folder = temporaryFolder();
let count = 0;
const file = (content: unknown): string => {
  count += 1;
  const path = join(folder, `${count}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

describe('readConfig', () => {
  it('has the documented defaults', async () => {
    expect(await readConfig({ flags: {}, env: {}, file: undefined })).toEqual({
      dir: './filex-data',
      host: undefined,
      port: 12345,
      state: undefined,
      users: undefined,
      anonymous: 'none',
      tlsCert: undefined,
      tlsKey: undefined,
      plaintext: 'loopback',
      limits: {},
      keepFree: undefined,
      durability: 'commit',
      audit: undefined,
      workers: 1,
      json: false,
      logLevel: 'info',
    });
  });

  it('takes each option from the first of flag, variable and file that has it', async () => {
    const maybe = fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(maybe, maybe, maybe, async (flag, variable, inFile) => {
        const { port } = await readConfig({
          flags: { port: flag?.toString() },
          env: { FILEX_PORT: variable?.toString() },
          file: inFile === undefined ? undefined : file({ port: inFile }),
        });
        expect(port).toBe(flag ?? variable ?? inFile ?? 12345);
      }),
      { numRuns: 50 },
    );
  });

  it('takes one worker for each core, up to as many as can share the standard limits', async () => {
    const { workers } = await readConfig({ flags: { workers: 'auto' }, env: {}, file: undefined });
    expect(workers).toBe(Math.min(availableParallelism(), bounds.autoWorkers));
  });

  it('reads every variable, and takes an empty one for none', async () => {
    const env = {
      FILEX_DIR: '/srv',
      FILEX_HOST: '::1',
      FILEX_PORT: '',
      FILEX_STATE: '/var/lib/filex',
      FILEX_ANONYMOUS: 'drop',
      FILEX_USERS: '/etc/filex/users.json',
      FILEX_TLS_CERT: '/etc/filex/chain.pem',
      FILEX_TLS_KEY: '/etc/filex/key.pem',
      FILEX_PLAINTEXT: 'on',
      FILEX_LIMITS: 'maxConnections=5, banTime=1h',
      FILEX_KEEP_FREE: '2G',
      FILEX_DURABILITY: 'none',
      FILEX_AUDIT: '/var/log/filex.jsonl',
      FILEX_WORKERS: '4',
      FILEX_JSON: '1',
      FILEX_LOG_LEVEL: 'silent',
      FILEX_CONFIG: '',
    };
    expect(await readConfig({ flags: {}, env, file: undefined })).toEqual({
      dir: '/srv',
      host: '::1',
      port: 12345,
      state: '/var/lib/filex',
      users: '/etc/filex/users.json',
      anonymous: 'drop',
      tlsCert: '/etc/filex/chain.pem',
      tlsKey: '/etc/filex/key.pem',
      plaintext: 'on',
      limits: { maxConnections: 5, banTime: 3_600_000 },
      keepFree: 2 * 1024 ** 3,
      durability: 'none',
      audit: '/var/log/filex.jsonl',
      workers: 4,
      json: true,
      logLevel: 'silent',
    });
  });

  it('takes each limit from the first that has it', async () => {
    const { limits } = await readConfig({
      flags: { limits: ['maxStreams=1', 'maxPathDepth=1'] },
      env: { FILEX_LIMITS: 'maxStreams=2,maxConnections=2' },
      file: file({ limits: { maxStreams: 3, maxConnections: 3, maxHandshakes: 3 } }),
    });
    expect(limits).toEqual({ maxStreams: 1, maxPathDepth: 1, maxConnections: 2, maxHandshakes: 3 });
  });

  it('finds the file in a variable', async () => {
    const env = { FILEX_CONFIG: file({ logLevel: 'debug', json: true }) };
    expect(await readConfig({ flags: {}, env, file: undefined })).toMatchObject({
      logLevel: 'debug',
      json: true,
    });
  });

  it.each<[Record<string, unknown>, Record<string, string>, unknown, string]>([
    [{ port: 'x' }, {}, undefined, '--port must be a whole number from 0 to 65535, not "x"'],
    [{ port: '65536' }, {}, undefined, '--port must be a whole number from 0 to 65535, not "65536"'],
    [{ port: '1e3' }, {}, undefined, '--port must be a whole number from 0 to 65535, not "1e3"'],
    [{ port: '-1' }, {}, undefined, '--port must be a whole number from 0 to 65535, not "-1"'],
    [{ anonymous: 'all' }, {}, undefined, '--anonymous must be one of none, read, drop, write, not "all"'],
    [
      { logLevel: 'loud' },
      {},
      undefined,
      '--log-level must be one of trace, debug, info, warn, error, fatal, silent',
    ],
    [{ dir: '' }, {}, undefined, 'DIR must not be empty'],
    [
      {},
      { FILEX_PLAINTEXT: 'yes' },
      undefined,
      'FILEX_PLAINTEXT must be one of off, loopback, on, not "yes"',
    ],
    [{}, {}, { prot: 1 }, '"prot" is not an option; there are dir, host, port'],
    [{}, {}, { toString: 1 }, '"toString" is not an option'],
    [{}, {}, { port: 1.5 }, '"port" must be a whole number'],
    [{ workers: '0' }, {}, undefined, '--workers must be auto, or a whole number from 1 to 64, not "0"'],
    [{}, {}, { workers: 65 }, '"workers" must be auto'],
    [{}, {}, { json: 'maybe' }, '"json" must be true or false'],
    [{ limits: ['maxStreams=0'] }, {}, undefined, '--limit maxStreams must be from 1 to 65536, not "0"'],
    [{ limits: ['maxStream=1'] }, {}, undefined, '--limit "maxStream" is not a limit'],
    [{}, { FILEX_LIMITS: 'x' }, undefined, 'FILEX_LIMITS must be NAME=VALUE, not "x"'],
    [{}, {}, { limits: { maxStreams: 'x' } }, '"limits" maxStreams must be a whole number, not "x"'],
    [{}, {}, { limits: 5 }, '"limits" must be an object such as'],
    [
      { keepFree: '5X' },
      {},
      undefined,
      '--keep-free must be a number of bytes, such as 500M or 4G, not "5X"',
    ],
    [{ tlsCert: 'a' }, {}, undefined, '--tls-cert and --tls-key belong together'],
    [{}, { FILEX_TLS_KEY: 'a' }, undefined, '--tls-cert and --tls-key belong together'],
    [{}, {}, [1], 'must be an object'],
    [{}, {}, '{', 'is not JSON'],
  ])('%j %j %j is wrong', async (flags, env, content, message) => {
    const reading = readConfig({ flags, env, file: content === undefined ? undefined : file(content) });
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toBeInstanceOf(ConfigError);
  });

  it('says when the file cannot be read', async () => {
    const reading = readConfig({ flags: {}, env: {}, file: join(folder, 'missing') });
    await expect(reading).rejects.toThrow(/cannot read the configuration file: ENOENT.*missing/);
  });
});
