import * as net from 'node:net';
import type { TLSSocket } from 'node:tls';
import { FilexError } from '../errors.js';
import { type FilexUrl, parseUrl } from '../url.js';
import { CONNECT_TIMEOUT, MAX_TIMER } from './bounds.js';
import { reconnectPolicy } from './client/backoff.js';
import { Line } from './client/line.js';
import { ReconnectingSession } from './client/reconnecting-session.js';
import { ClientSession } from './client/session.js';
import { closeWith, type OnRead, slabReader } from './socket-reader.js';
import { secureReader } from './tls/secure-reads.js';
import { checkIdentity } from './tls/server-identity.js';
import { ALPN, channelBinding, TLS_SETTINGS } from './tls/settings.js';
import type { ConnectOptions, Credentials, Session } from './types.js';

/**
 * Connects to a server, makes sure who it is, and logs in. The path of the address is not used: operations name theirs.
 *
 * `filex://` is TLS: before anything is said, the server must have the key of `?fp=` (or `trust.fingerprint`), else pass
 * `trust.verify`, else have a certificate that an authority has signed for its name. Nothing turns it into plaintext.
 *
 * @param url `filex://user@host:12345/`, as text or taken apart. A user logs in with `passcode`; without one, the client is
 * `anonymous`.
 * @throws FilexError `URL_INVALID`, `CONNECT_FAILED`, `WRONG_PROTOCOL` (something else answers there), `IDENTITY_CHANGED`,
 * `IDENTITY_UNKNOWN`, `AUTH_FAILED`, `TIMEOUT`, or the code the server refused with.
 * @throws RangeError for limits, and options of `reconnect`, that make no sense.
 */
export async function connect(url: string | FilexUrl, options: ConnectOptions = {}): Promise<Session> {
  const address = typeof url === 'string' ? parseUrl(url) : url;
  const { reconnect = false } = options;
  if (reconnect === false) return dial(address, options);
  const policy = reconnectPolicy(reconnect);
  const again = { ...options, passcode: askedOnce(options.passcode) };
  const first = await dial(address, again);
  // Whoever was the right server stays so: nobody is asked again, and no other one can take over in between.
  const fingerprint = first.identity?.fingerprint ?? address.fingerprint;
  const dialAgain = (signal: AbortSignal): Promise<ClientSession> =>
    dial({ ...address, fingerprint }, { ...again, signal });
  return new ReconnectingSession(new Line(first, dialAgain, policy));
}

/** A passcode that is good is not asked for again. */
function askedOnce(passcode: ConnectOptions['passcode']): ConnectOptions['passcode'] {
  if (typeof passcode !== 'function') return passcode;
  let asked: Promise<string> | undefined;
  return () => {
    asked ??= passcode();
    return asked;
  };
}

/** Makes one connection, up to where it can be used. */
async function dial(address: FilexUrl, options: ConnectOptions): Promise<ClientSession> {
  if (options.signal?.aborted === true) throw abortError(options.signal);
  const session = new ClientSession(options, credentialsOf(address, options));
  const onRead: OnRead = (bytes, slab) => session.driver.onRead(bytes, slab);
  const missing = (bytes: Uint8Array): number => session.driver.connection.missing(bytes);
  const secure = address.scheme === 'filex' ? openTls(address, options, onRead, missing) : undefined;
  const socket = secure ?? openTcp(address, onRead, missing);
  const giveUp = giveUpWith(session, socket);
  const milliseconds = options.timeout ?? CONNECT_TIMEOUT;
  const timer = setTimeout(() => giveUp(timedOut(address, milliseconds)), Math.min(milliseconds, MAX_TIMER));
  const onAbort = (): void => giveUp(abortError(options.signal));
  options.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await connected(socket, secure === undefined ? 'connect' : 'secureConnect', address);
    if (secure !== undefined) {
      const fingerprint = address.fingerprint ?? options.trust?.fingerprint;
      // Nobody should be asked to trust a server that is none; but whoever poses as a known one is told as that.
      if (fingerprint === undefined) checkProtocol(secure, address);
      session.identity = await checkIdentity(secure, where(address), { ...options.trust, fingerprint });
      // It may have gone while somebody was asked.
      if (secure.destroyed || secure.readableEnded) throw new FilexError('CONNECTION_LOST');
      checkProtocol(secure, address);
      session.exporter = channelBinding(secure);
    }
    session.driver.attach(socket);
    await session.ready;
    return session;
  } catch (error) {
    // What was said last, that a login is given up for example, still leaves.
    socket.destroySoon();
    throw explain(error, address);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  }
}

/** A server for another protocol must never see what is meant for ours (ALPACA). PROTOCOL.md, FX-2.1-6. */
function checkProtocol({ alpnProtocol }: TLSSocket, address: FilexUrl): void {
  if (alpnProtocol === ALPN) return;
  throw new FilexError(
    'WRONG_PROTOCOL',
    `${where(address)} is not a FileX server: it speaks TLS, but not ${ALPN}`,
  );
}

function credentialsOf({ user }: FilexUrl, { passcode }: ConnectOptions): Credentials | undefined {
  if (user === undefined) return undefined;
  if (passcode !== undefined) return { user, passcode };
  throw new FilexError('AUTH_FAILED', `no passcode was given for the user ${JSON.stringify(user)}`);
}

function openTcp(
  { host, port }: FilexUrl,
  onRead: OnRead,
  missing: (bytes: Uint8Array) => number,
): net.Socket {
  const onread = slabReader(() => onRead, { missing });
  const socket = net.connect({ host, port, allowHalfOpen: true, onread });
  closeWith(socket, onread);
  return socket;
}

function openTls(
  { host, port }: FilexUrl,
  { trust }: ConnectOptions,
  onRead: OnRead,
  missing: (bytes: Uint8Array) => number,
): TLSSocket {
  const onread = secureReader(() => onRead, { missing });
  const where = { host, port, allowHalfOpen: true, onread };
  // Loaded only here: without encryption, a program that moves little would wait for it longer than for the server.
  const socket = process.getBuiltinModule('node:tls').connect({
    ...where,
    ...TLS_SETTINGS,
    ALPNProtocols: [ALPN],
    // An address is no name that a server could choose its certificate by.
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    ...(trust?.ca === undefined ? {} : { ca: [trust.ca].flat() as string[] }),
    // `checkIdentity` decides: most servers have a key that no authority knows.
    rejectUnauthorized: false,
  });
  closeWith(socket, onread);
  return socket;
}

function giveUpWith(session: ClientSession, socket: net.Socket): (error: FilexError) => void {
  return (error) => {
    session.driver.destroy(error);
    socket.destroy(error);
  };
}

function connected(socket: net.Socket, event: 'connect' | 'secureConnect', address: FilexUrl): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays: between this and whoever listens next, an error would find nobody and end the process.
    socket.on('error', (cause) => {
      reject(cause instanceof FilexError ? cause : unreachable(address, cause));
    });
    socket.once(event, resolve);
    socket.once('close', () => reject(new FilexError('CONNECTION_LOST')));
  });
}

function abortError(signal: AbortSignal | undefined): FilexError {
  return new FilexError('CANCELLED', undefined, { cause: signal?.reason });
}

function where(address: FilexUrl): string {
  return `${address.host}:${address.port}`;
}

function timedOut(address: FilexUrl, milliseconds: number): FilexError {
  return new FilexError('TIMEOUT', `${where(address)} did not answer within ${milliseconds} ms`);
}

function unreachable(address: FilexUrl, cause: NodeJS.ErrnoException): FilexError {
  const reasons: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'there is no host of that name',
    EAI_AGAIN: 'the name could not be looked up',
    EHOSTUNREACH: 'there is no way to that host',
    ENETUNREACH: 'there is no way to that network',
    ETIMEDOUT: 'it does not answer',
    ECONNRESET: 'it closed the connection',
    ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS (filex+tcp:// is plaintext)',
    ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'it does not speak TLS 1.3',
    ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'it speaks TLS, but not FileX',
  };
  const reason = reasons[cause.code ?? ''] ?? cause.message;
  return new FilexError('CONNECT_FAILED', `cannot connect to ${where(address)}: ${reason}`, { cause });
}

/** What went wrong before the session was usable, said for someone who typed an address. */
function explain(error: unknown, address: FilexUrl): FilexError {
  const failure = FilexError.from(error);
  if (failure.code === 'BAD_PREFACE') {
    const seen = failure.message.replace(/^.*: this looks like /, '');
    return new FilexError(
      'WRONG_PROTOCOL',
      `${where(address)} is not a FileX server: it answers with ${seen}`,
      {
        cause: failure,
      },
    );
  }
  if (failure.code === 'CONNECTION_LOST') {
    return new FilexError(
      'CONNECT_FAILED',
      `${where(address)} closed the connection before saying anything a FileX server says`,
      { cause: failure },
    );
  }
  return failure;
}
