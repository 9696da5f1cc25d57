/** What a client offers in its handshake, and a server takes (FX-2.1-6). */
export const ALPN = 'filex/1';

/** First byte of every TLS connection: a handshake record. */
export const HANDSHAKE_RECORD = 0x16;
