import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { codes, FilexError } from '@filex/protocol';
import type { ServeEvent } from '@filex/protocol/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../bounds.js';
import { openWithin, temporaryFolder } from '../testing/temporary-folder.js';
import { createAuditLog } from './audit.js';
import type { Logger } from './log.js';

const top = temporaryFolder();
const posix = process.platform !== 'win32';
const isRoot = process.geteuid?.() === 0;
let count = 0;
const newFile = (): string => {
  count += 1;
  mkdirSync(join(top, String(count)));
  return join(top, String(count), 'audit.log');
};
const linesOf = (path: string): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const peer = {
  connection: 7,
  address: '10.0.0.1:5',
  principal: 'ann',
  agent: 'x',
  secure: true,
  mechanism: 'SCRAM-SHA-256',
};
const operation = (path: string) =>
  ({
    type: 'operation',
    peer,
    operation: 'stat',
    operationId: '0'.repeat(32),
    path,
    target: undefined,
    code: 'OK',
    message: undefined,
    limit: undefined,
    outcome: 'read',
    bytes: 0,
    digest: undefined,
    algorithm: undefined,
    duration: 1,
  }) as const;

/** A logger that remembers, and a clock that is set. */
function surroundings() {
  const told: string[] = [];
  const tell = (level: string) => (_details: object, message: string) =>
    void told.push(`${level}: ${message}`);
  const logger: Logger = {
    debug: tell('debug'),
    info: tell('info'),
    warn: tell('warn'),
    error: tell('error'),
  };
  const clock = { time: Date.UTC(2026, 0, 1) };
  return { told, logger, clock, now: () => clock.time };
}

describe('the audit log', () => {
  it('has one line of JSON for each event, with fields of ours, whatever a peer has put into it', async () => {
    const nasty = fc.constantFrom(
      '"',
      '\\',
      '\n',
      '\u007f',
      '\u009b',
      '\u202e',
      '\u2028',
      '\ud800',
      '}',
      ',',
    );
    const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: nasty, maxLength: 5 }));
    const events = fc.array(
      fc.tuple(anyText, anyText, anyText, fc.nat(4)).map(([a, b, c, kind]): ServeEvent => {
        const named = { ...peer, principal: a, agent: b };
        if (kind === 0) return { type: 'connection', peer: named };
        if (kind === 1) {
          const counts = { duration: 1, received: 1, sent: 1, operations: 1 } as const;
          const error = new FilexError('INTERNAL', c);
          return { type: 'disconnection', peer: named, error, limit: 'handshakeTimeout', ...counts };
        }
        if (kind === 2)
          return { type: 'refused', address: 'x', code: 'BAD_PREFACE', message: c, limit: undefined };
        if (kind === 3) return { type: 'login failure', address: 'x', user: a, reason: c };
        const failed = {
          ...operation(b),
          peer: named,
          code: 'NOT_FOUND',
          message: c,
          outcome: undefined,
        } as const;
        return { ...failed, target: a };
      }),
      { maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(events, async (told) => {
        const chunks: string[] = [];
        const stream = new Writable({
          write: (chunk, _encoding, done) => {
            chunks.push(String(chunk));
            done();
          },
        });
        const audit = await createAuditLog({ stream });
        for (const event of told) audit.record(event);
        await audit.close();
        const text = chunks.join('');
        expect(text).not.toMatch(/[^\P{Cc}\n]|[\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
        const lines = text.split('\n').slice(0, -1);
        expect(lines).toHaveLength(told.length);
        for (const line of lines) {
          const record = JSON.parse(line) as Record<string, unknown>;
          expect(JSON.stringify(record)).toBe(line); // no field twice
          expect(FIELDS).toEqual(expect.arrayContaining(Object.keys(record)));
        }
      }),
    );
  });

  it('says who did what, how it ended, and why', async () => {
    const chunks: string[] = [];
    const stream = new Writable({
      write: (chunk, _encoding, done) => {
        chunks.push(String(chunk));
        done();
      },
    });
    const { now } = surroundings();
    const audit = await createAuditLog({ stream, now });
    const time = new Date(now()).toISOString();
    const who = {
      user: 'ann',
      address: '10.0.0.1:5',
      connection: 7,
      secure: true,
      mechanism: 'SCRAM-SHA-256',
    };
    const operationId = '0'.repeat(32);
    const counts = { received: 10, sent: 20, operations: 3 };
    const transfer = { digest: 'abcd', algorithm: 'sha256', bytes: 5 } as const;
    const cases: [ServeEvent, object][] = [
      [
        { type: 'connection', peer },
        { event: 'login', outcome: 'accepted', ...who, agent: 'x' },
      ],
      [
        { type: 'login failure', address: 'y', user: 'eve', reason: 'no such user' },
        { event: 'login', outcome: 'refused', user: 'eve', address: 'y', reason: 'no such user' },
      ],
      [
        { type: 'disconnection', peer, error: undefined, limit: undefined, duration: 1.6, ...counts },
        { event: 'session', outcome: 'closed', ...who, duration: 2, ...counts },
      ],
      [
        {
          type: 'disconnection',
          peer,
          error: new FilexError('RATE_LIMITED', 'too many'),
          limit: 'maxPingsPerWindow',
          duration: 1,
          ...counts,
        },
        {
          event: 'session',
          outcome: 'lost',
          code: 'RATE_LIMITED',
          ...who,
          duration: 1,
          ...counts,
          limit: 'maxPingsPerWindow',
          reason: 'too many',
        },
      ],
      [
        {
          type: 'refused',
          address: 'z',
          code: 'TOO_MANY_CONNECTIONS',
          message: 'm',
          limit: 'maxConnections',
        },
        {
          event: 'refusal',
          outcome: 'refused',
          code: 'TOO_MANY_CONNECTIONS',
          address: 'z',
          limit: 'maxConnections',
          reason: 'm',
        },
      ],
      [
        { ...operation('a'), ...transfer, operation: 'upload', outcome: 'created' },
        {
          event: 'upload',
          outcome: 'created',
          code: 'OK',
          ...who,
          operationId,
          path: 'a',
          bytes: 5,
          digest: 'sha256:abcd',
          duration: 1,
        },
      ],
      [
        { ...operation(''), target: 'b', operation: 'rename', code: 'CANCELLED' },
        {
          event: 'rename',
          outcome: 'given up',
          code: 'CANCELLED',
          ...who,
          operationId,
          path: '/',
          target: 'b',
          duration: 1,
          reason: codes.CANCELLED.meaning,
        },
      ],
      [
        operation('a'),
        { event: 'stat', outcome: 'read', code: 'OK', ...who, operationId, path: 'a', duration: 1 },
      ],
      [
        { ...operation('a'), target: '', code: 'IO_ERROR', message: 'the disk' },
        {
          event: 'stat',
          outcome: 'failed',
          code: 'IO_ERROR',
          ...who,
          operationId,
          path: 'a',
          duration: 1,
          reason: 'the disk',
        },
      ],
    ];
    for (const [event] of cases) audit.record(event);
    await audit.close();
    expect(chunks.join('')).toBe(
      cases.map(([, record]) => `${JSON.stringify({ time, ...record })}\n`).join(''),
    );
  });

  it.runIf(posix)('is a file for its owner alone, appended to', async () => {
    const file = newFile();
    for (const path of ['a', 'b']) {
      const audit = await createAuditLog({ file });
      audit.record(operation(path));
      await audit.close();
    }
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(linesOf(file).map(({ path }) => path)).toEqual(['a', 'b']);
    expect(openWithin(top)).toEqual([]);
  });

  it.runIf(posix)('refuses a file that others can change, a symlink, a folder and a pipe', async () => {
    const file = newFile();
    const code = async (path = file) => {
      const error = (await createAuditLog({ file: path }).catch((e: unknown) => e)) as FilexError;
      expect(openWithin(top)).toEqual([]);
      return error.code;
    };
    for (const mode of [0o620, 0o602, 0o666]) {
      writeFileSync(file, '');
      chmodSync(file, mode);
      expect(await code()).toBe('PERMISSION_DENIED');
    }
    if (isRoot) {
      chmodSync(file, 0o600);
      chownSync(file, 12_345, 12_345);
      expect(await code()).toBe('PERMISSION_DENIED');
    }
    unlinkSync(file);
    symlinkSync('elsewhere', file);
    expect(await code()).toBe('NOT_A_FILE');
    expect(await code(join(file, '..'))).toBe('IS_A_DIRECTORY');
    unlinkSync(file);
    execFileSync('mkfifo', ['-m', '600', file]);
    expect(await code()).toBe('PERMISSION_DENIED');
    expect(await code(join(top, 'missing/audit.log'))).toBe('NOT_FOUND');
  });

  it('goes on in the file that has the name, a second after it was exchanged', async () => {
    const { clock, now } = surroundings();
    const file = newFile();
    const audit = await createAuditLog({ file, now });
    audit.record(operation('old'));
    clock.time += bounds.auditRotationCheck;
    audit.record(operation('old too')); // written together, before anybody looks
    await audit.close();
    const again = await createAuditLog({ file, now });
    renameSync(file, `${file}.1`);
    again.record(operation('not looked at yet'));
    await written(`${file}.1`, 3);
    clock.time += bounds.auditRotationCheck;
    again.record(operation('new'));
    await written(file, 1);
    expect(linesOf(`${file}.1`).map(({ path }) => path)).toEqual(['old', 'old too', 'not looked at yet']);
    await again.close();
    expect(linesOf(file).map(({ path }) => path)).toEqual(['new']);
    expect(openWithin(top)).toEqual([]);
  });

  it('begins a new line after one that was cut', async () => {
    const file = newFile();
    appendFileSync(file, '{"event":"cut', { mode: 0o600 });
    const audit = await createAuditLog({ file });
    audit.record(operation('a'));
    await audit.close();
    const [cut, whole] = readFileSync(file, 'utf8').split('\n');
    expect(cut).toBe('{"event":"cut');
    expect(JSON.parse(whole as string)).toMatchObject({ path: 'a' });
  });

  it('says once a minute that it cannot be written, goes on, and says what is lost', async () => {
    const { told, logger, clock, now } = surroundings();
    const file = newFile();
    const audit = await createAuditLog({ file, logger, now });
    rmSync(join(file, '..'), { recursive: true });
    const long = 'x'.repeat(bounds.auditPath);
    const records = Math.ceil(bounds.auditBuffer / bounds.auditPath) + 10;
    for (let i = 0; i < records; i += 1) {
      clock.time += bounds.auditRetry;
      audit.record(operation(long));
      await Promise.resolve();
    }
    await audit.close();
    const complaints = told.filter((line) => line.includes('cannot write'));
    expect(complaints.length).toBeGreaterThan(0);
    expect(complaints.length).toBeLessThanOrEqual(1 + (records * bounds.auditRetry) / bounds.auditComplaint);
  });

  it('is written again when it can be, every line once, with a line about those that are lost', async () => {
    const { told, logger, clock, now } = surroundings();
    const file = newFile();
    const audit = await createAuditLog({ file, logger, now });
    renameSync(join(file, '..'), join(top, 'away'));
    clock.time += bounds.auditRotationCheck;
    audit.record(operation('waits'));
    await expect.poll(() => told).toEqual(['error: cannot write the audit log']);
    const long = 'x'.repeat(bounds.auditPath);
    const more = Math.ceil(bounds.auditBuffer / bounds.auditPath);
    for (let i = 0; i < more; i += 1) audit.record(operation(long));
    renameSync(join(top, 'away'), join(file, '..'));
    await audit.close();
    expect(told).toEqual(['error: cannot write the audit log', 'warn: the audit log is written again']);
    const lines = linesOf(file);
    const last = lines.pop();
    expect(lines[0]).toMatchObject({ path: 'waits' });
    expect(last).toMatchObject({ event: 'audit', outcome: 'lost' });
    expect(last?.['reason']).toBe(`${1 + more - lines.length} lines could not be written`);
    expect(lines.length).toBeLessThan(1 + more);
    expect(openWithin(top)).toEqual([]);
  });

  it('does not pile up lines that a stream does not take', async () => {
    const { told, logger } = surroundings();
    let held: (() => void) | undefined;
    let holds = true;
    const chunks: string[] = [];
    const stream = new Writable({
      write: (chunk, _encoding, done) => {
        chunks.push(String(chunk));
        if (holds) held = done;
        else done();
      },
    });
    const audit = await createAuditLog({ stream, logger });
    const long = 'x'.repeat(bounds.auditPath);
    for (let size = 0; size < 2 * bounds.auditBuffer; size += long.length) audit.record(operation(long));
    expect(stream.writableLength).toBeLessThanOrEqual(bounds.auditBuffer);
    expect(told).toEqual(['error: cannot write the audit log']);
    const drained = new Promise((resolve) => stream.once('drain', resolve));
    holds = false;
    held?.();
    await drained;
    audit.record(operation('after'));
    await audit.close();
    const lines = chunks.join('').split('\n').slice(0, -1);
    expect(lines.slice(-2).map((line) => JSON.parse(line) as object)).toMatchObject([
      { event: 'audit', outcome: 'lost' },
      { path: 'after' },
    ]);
  });

  it('survives a stream that has failed', async () => {
    const { told, logger } = surroundings();
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('gone')) });
    const audit = await createAuditLog({ stream, logger });
    audit.record(operation('a'));
    await expect.poll(() => told).toEqual(['error: cannot write the audit log']);
    audit.record(operation('b'));
    await audit.close();
  });

  async function written(path: string, lines: number): Promise<void> {
    await expect.poll(() => linesOf(path)).toHaveLength(lines);
  }
});

const FIELDS = [
  'time',
  'event',
  'outcome',
  'code',
  'user',
  'address',
  'connection',
  'secure',
  'mechanism',
  'agent',
  'operationId',
  'path',
  'target',
  'bytes',
  'digest',
  'duration',
  'received',
  'sent',
  'operations',
  'limit',
  'reason',
];
