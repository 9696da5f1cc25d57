import { closeSync, existsSync, openSync } from 'node:fs';
import { FilexError } from '@filex/protocol';
import type { ServeEvent } from '@filex/protocol/node';
import fc from 'fast-check';
import pretty from 'pino-pretty';
import { describe, expect, it } from 'vitest';
import { bounds } from '../bounds.js';
import { createLogger, enduringStream, type Logger } from './log.js';
import { logServeEvent } from './serve-log.js';

const anyText = fc.string({ unit: 'binary' });
/** What a terminal could obey, but for the end of a line. */
const OBEYED = /[^\P{Cc}\n]|[\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

function collect(isPretty: boolean): { logger: Logger; text: () => string } {
  let text = '';
  const sink = {
    write: (chunk: string) => {
      text += chunk;
    },
  };
  if (!isPretty) return { logger: createLogger('trace', sink), text: () => text };
  const lines: string[] = [];
  // The very formatting of the terminal stream, without its stream.
  const format = pretty.prettyFactory({ ignore: 'pid,hostname', singleLine: true, colorize: false });
  const stream = { write: (line: string) => void lines.push(format(JSON.parse(line)) ?? '') };
  return { logger: createLogger('trace', stream), text: () => lines.join('') };
}

describe.each([false, true])('the log (for people: %s)', (isPretty) => {
  it('has one line for each thing that is told, whatever a peer has put into it', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (a, b, c) => {
        const { logger, text } = collect(isPretty);
        logger.info({ path: a, deep: { [b]: [c] } }, c);
        expect(text().trimEnd().split('\n')).toHaveLength(1);
        expect(text()).not.toMatch(OBEYED);
      }),
    );
  });

  it('shows where an error comes from, and its text on one line', () => {
    const { logger, text } = collect(isPretty);
    const cause = new Error('deeper\nforged {"level":60}');
    logger.error(
      { err: new FilexError('IO_ERROR', 'bad\n\u001b[31mforged line', { path: 'a\nb', cause }) },
      'oh',
    );
    expect(text()).not.toMatch(/^.{0,10}forged/m);
    expect(text()).not.toMatch(OBEYED);
    expect(text()).toContain('IO_ERROR');
    expect(text()).toContain('log.spec.ts');
  });
});

describe('what happens on the wire is logged', () => {
  const peer = {
    connection: 1,
    address: '10.0.0.1:5',
    principal: 'anonymous',
    agent: 'x',
    secure: false,
    mechanism: 'ANONYMOUS',
  };
  const operation = {
    type: 'operation',
    peer,
    operation: 'upload',
    operationId: '0'.repeat(32),
    path: 'a',
    target: undefined,
    limit: undefined,
    digest: undefined,
    algorithm: undefined,
    bytes: 5,
    duration: 1.6,
  } as const;
  it.each<[ServeEvent, string, string]>([
    [{ type: 'connection', peer }, 'info', 'connected'],
    [
      {
        type: 'disconnection',
        peer,
        error: undefined,
        limit: undefined,
        duration: 1,
        received: 1,
        sent: 1,
        operations: 0,
      },
      'info',
      'disconnected',
    ],
    [
      { type: 'refused', address: 'x', code: 'BAD_PREFACE', message: 'this is HTTP', limit: undefined },
      'warn',
      'refused a connection',
    ],
    [{ ...operation, code: 'OK', message: undefined, outcome: 'created' }, 'info', 'upload'],
    [{ ...operation, code: 'NO_SPACE', message: 'full', outcome: undefined }, 'error', 'upload failed'],
    [{ ...operation, code: 'NOT_FOUND', message: undefined, outcome: undefined }, 'info', 'upload refused'],
    [{ ...operation, code: 'CONNECTION_LOST', message: 'x', outcome: undefined }, 'info', 'upload given up'],
  ])('%j', (event, level, message) => {
    const told: unknown[] = [];
    const at = (name: string) => (_: object, text: string) => told.push([name, text]);
    logServeEvent({ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, event);
    expect(told).toEqual([[level, message]]);
  });

  it('and what succeeded at debug only when it is in the audit log, too', () => {
    const told: string[] = [];
    const at = (level: string) => () => void told.push(level);
    const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    const done = { ...operation, code: 'OK', message: undefined, outcome: 'created' } as const;
    logServeEvent(logger, done, { audited: true });
    logServeEvent(logger, { ...done, code: 'NOT_FOUND' }, { audited: true });
    logServeEvent(logger, { type: 'connection', peer }, { audited: true });
    expect(told).toEqual(['debug', 'info', 'info']);
  });

  it('with the bytes of what succeeded, and no count of what did not', () => {
    const told: object[] = [];
    const tell = (details: object) => told.push(details);
    const logger = { debug: tell, info: tell, warn: tell, error: tell };
    logServeEvent(logger, { ...operation, code: 'OK', message: undefined, outcome: 'created' });
    logServeEvent(logger, { ...operation, bytes: 0, code: 'CANCELLED', message: 'x', outcome: undefined });
    expect(told[0]).toMatchObject({ bytes: 5, outcome: 'created' });
    expect(told[1]).toMatchObject({ bytes: undefined });
  });
});

describe('enduringStream', () => {
  it.skipIf(!existsSync('/dev/full'))(
    'lets nothing fail for a log that cannot be written, nor pile up',
    () => {
      const full = openSync('/dev/full', 'a');
      try {
        const stream = enduringStream(full);
        let dropped = 0;
        stream.on('drop', () => {
          dropped += 1;
        });
        const logger = createLogger('info', stream);
        for (let i = 0; i < 100; i += 1) logger.info({}, 'x'.repeat(bounds.logBuffer / 10));
        expect(dropped).toBeGreaterThan(90);
      } finally {
        closeSync(full);
      }
    },
  );
});
