import { visibleText } from '@filex/protocol';
import { type DestinationStream, destination, type Logger as PinoLogger, pino } from 'pino';
import { bounds } from '../bounds.js';

/** What the server tells: the part of a pino logger that is used, so any logger with these four will do. */
export interface Logger {
  /** What is of interest when something is looked into. */
  debug(details: object, message: string): void;
  /** What an operator wants to see: starting, connections, operations. */
  info(details: object, message: string): void;
  /** What went wrong without making a request fail. */
  warn(details: object, message: string): void;
  /** What made one fail and is no fault of the client. */
  error(details: object, message: string): void;
}

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** A logger that tells nobody. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

const STDERR = 2;

/** A logger to stderr: readable lines on a terminal, else one JSON object a line. */
export async function stderrLogger(level: LogLevel): Promise<Logger> {
  const stderr = enduringStream(STDERR);
  if (!process.stderr.isTTY) return createLogger(level, stderr);
  const { prettyFactory } = await import('pino-pretty');
  const format = prettyFactory({
    colorize: process.stderr.hasColors(),
    // For people: what tells one line from another, not what only a search needs.
    ignore: 'pid,hostname,operationId,digest,secure,mechanism,received,sent',
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
  });
  return createLogger(level, { write: (line) => void stderr.write(format(line)) });
}

/**
 * Writes lines at once. When that fails (a full disk, a terminal that was closed) the server goes on: lines wait for the next
 * one to be written, as many as `bounds.logBuffer` allows, and the rest is lost.
 */
export function enduringStream(fd: number): ReturnType<typeof destination> {
  const stream = destination({ dest: fd, sync: true, maxLength: bounds.logBuffer });
  stream.on('error', () => undefined); // there is nobody else to tell
  return stream;
}

/** Every text that is logged is made visible first: names and messages come from peers. */
export function createLogger(level: LogLevel, stream: DestinationStream): PinoLogger {
  return pino(
    {
      level,
      serializers: { err: (error: unknown) => (error instanceof Error ? describeError(error) : error) },
      hooks: {
        logMethod(args, method) {
          method.apply(this, args.map(makeVisible) as typeof args);
        },
      },
    },
    stream,
  );
}

function makeVisible(value: unknown): unknown {
  if (typeof value === 'string') return visibleText(value);
  if (Array.isArray(value)) return value.map(makeVisible);
  // An error goes through its serializer.
  if (typeof value !== 'object' || value === null || value instanceof Error) return value;
  // Most are as they should be, and stay what they are: this is done for every line.
  for (const [key, inner] of Object.entries(value))
    if (visibleText(key) !== key || makeVisible(inner) !== inner) return madeVisible(value);
  return value;
}

function madeVisible(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [visibleText(key), makeVisible(inner)]),
  );
}

function describeError(error: Error): object {
  const { name, message, stack = '', cause } = error;
  // The stack begins with the message, which may have lines of its own; the lines after it are ours.
  const frames = stack.slice(Math.max(0, stack.indexOf(message)) + message.length);
  return {
    ...(makeVisible({ ...error, type: name, message }) as object),
    stack: frames.split('\n').map(visibleText).join('\n').trimStart(),
    cause: cause instanceof Error ? describeError(cause) : makeVisible(cause),
  };
}
