import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import { codeNumber } from '../../spec/specification.js';
import { channelBinding } from '../../tls/channel-binding.js';
import { makeTestKey, type TestKey } from '../../tls/test-key.js';
import { u16, utf8 } from '../../wire/bytes.js';
import { decode } from '../../wire/decode.js';
import { frame } from '../../wire/encode.js';
import { FrameCutter, frameName, PREFACE, type RawFrame, rawFrame } from '../../wire/frame.js';
import { set } from './changes.js';
import { type LoginDefects, LoginGate } from './login-gate.js';

/** One way to be wrong as a server with TLS and users. */
export interface FrontDefects extends LoginDefects {
  readonly oldTls?: boolean;
  readonly anyApplication?: boolean;
}

export interface Front {
  readonly port: number;
  readonly key: TestKey;
}

/**
 * Stands before a server that lets everybody in, and speaks TLS and SCRAM in its place: a bad one where it is told so. What
 * comes after the login is passed on, so that all users are one to the server behind.
 */
export async function startFront(port: number, defects: FrontDefects): Promise<Front> {
  const key = makeTestKey();
  const context = createSecureContext({
    key: key.key,
    cert: key.cert,
    minVersion: defects.oldTls === true ? 'TLSv1.2' : 'TLSv1.3',
  });
  const sockets = new Set<Socket>();
  const listener = createServer({ allowHalfOpen: true }, (carrier) => {
    sockets.add(carrier);
    const client = new TLSSocket(carrier, {
      isServer: true,
      secureContext: context,
      ...(defects.anyApplication === true ? {} : { ALPNProtocols: ['filex/1'] }),
    });
    client.on('error', () => carrier.destroy());
    client.once('secure', () => {
      const server = dial({ host: '127.0.0.1', port, allowHalfOpen: true });
      sockets.add(server);
      connectBoth(client, server, defects);
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return { port: (listener.address() as AddressInfo).port, key };
}

function connectBoth(client: TLSSocket, server: Socket, defects: FrontDefects): void {
  const gate = new LoginGate(defects, channelBinding(client));
  const hellos: Buffer[] = [];
  let success: Buffer | undefined;
  let open = false;

  onFrames(client, server, (raw) => {
    const bytes = whole(raw);
    if (frameName(raw.type) === 'HELLO') hellos[0] = bytes;
    if (frameName(raw.type) !== 'AUTH' || open) return bytes;
    const answer = gate.take(decode('AUTH', raw.payload), Buffer.concat(hellos));
    if ('ask' in answer) client.write(frame('AUTH', 0, { step: 'continue', data: answer.ask }));
    else if ('refuse' in answer) {
      const code = codeNumber('AUTH_FAILED');
      client.end(frame('GOAWAY', 0, { code, lastStream: 0, reason: answer.refuse }));
      server.destroy();
    } else {
      success = frame('AUTH', 0, { step: 'success', principal: answer.principal, data: answer.proof });
      return frame('AUTH', 0, { mechanism: 'ANONYMOUS' });
    }
    return undefined;
  });
  onFrames(server, client, (raw) => {
    if (frameName(raw.type) === 'HELLO') {
      const list = Buffer.concat(gate.offered.flatMap((name) => [u16(name.length), utf8(name)]));
      hellos[1] = Buffer.from(set('HELLO', 'mechanisms', () => list)(raw) as Uint8Array);
      return hellos[1];
    }
    if (frameName(raw.type) !== 'AUTH' || success === undefined) return whole(raw);
    open = true;
    return success;
  });
}

const whole = ({ type, stream, payload, flags }: RawFrame): Buffer =>
  rawFrame(type, stream, payload, { flags });

function onFrames(from: Socket, to: Socket, change: (raw: RawFrame) => Buffer | undefined): void {
  const cutter = new FrameCutter();
  let begun = false;
  const pass = (bytes: Buffer | undefined): void => {
    if (bytes !== undefined && to.writable) to.write(bytes);
  };
  from.on('data', (chunk: Buffer) => {
    cutter.push(chunk);
    if (!begun) {
      const preface = cutter.take(PREFACE.length);
      if (preface === undefined) return;
      begun = true;
      pass(preface);
    }
    for (let raw = cutter.next(); raw !== undefined; raw = cutter.next()) pass(change(raw));
  });
  from.on('end', () => to.end());
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroy());
}
