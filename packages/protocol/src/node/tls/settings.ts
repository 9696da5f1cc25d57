import type { TLSSocket } from 'node:tls';

/**
 * What FileX uses of TLS, on both ends. PROTOCOL.md, section 2.1: nothing below 1.3. AES-128-GCM first: it is the fastest where the
 * processor has AES, and as safe as the others for what is moved here.
 */
export const TLS_SETTINGS = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
} as const;

/** So that a server for several protocols can tell, and an attack across protocols (ALPACA) finds no door. RFC 7301. */
export const ALPN = 'filex/1';

/** The channel binding `tls-exporter` of RFC 9266: 32 bytes of keying material, with this label and no context. */
const EXPORTER_LABEL = 'EXPORTER-Channel-Binding';
const EXPORTER_SIZE = 32;

export function channelBinding(socket: TLSSocket): Uint8Array {
  // In TLS 1.3 an empty context is the same as none (RFC 8446, section 7.5).
  return socket.exportKeyingMaterial(EXPORTER_SIZE, EXPORTER_LABEL, Buffer.alloc(0));
}

/** The first byte of every TLS connection: a handshake record. A FileX preface begins with `F`. */
export const TLS_FIRST_BYTE = 0x16;
