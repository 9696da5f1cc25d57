import type { TLSSocket } from 'node:tls';

/** The channel binding `tls-exporter` of RFC 9266. In TLS 1.3 an empty context is the same as none. */
export function channelBinding(socket: TLSSocket): Buffer {
  return socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
}
