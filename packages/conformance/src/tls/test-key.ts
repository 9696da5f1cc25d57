import { generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { fingerprintOf } from './fingerprint.js';

/** What a test server shows under TLS: a key of its own, and a certificate that nobody else has signed. */
export interface TestKey {
  /** PEM. */
  readonly key: string;
  /** PEM, for `localhost` and 127.0.0.1. */
  readonly cert: string;
  readonly fingerprint: string;
}

/**
 * Made anew in each run, so that no private key has to travel with this package.
 * @param stale the certificate ran out long ago, and is for another host.
 */
export function makeTestKey({ stale = false } = {}): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const body = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, Buffer.of(2))), // version 3
    der(INTEGER, Buffer.concat([Buffer.of(1), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    NAME,
    der(
      SEQUENCE,
      der(UTC_TIME, ascii('200101000000Z')),
      stale ? der(UTC_TIME, ascii('200102000000Z')) : der(GENERALIZED_TIME, ascii('99991231235959Z')),
    ),
    NAME,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, alternativeNames(stale ? 'elsewhere.invalid' : 'localhost', stale ? 9 : 127))),
  );
  const signature = sign('sha256', body, privateKey);
  const certificate = new X509Certificate(
    der(SEQUENCE, body, ECDSA_WITH_SHA256, der(BIT_STRING, Buffer.of(0), signature)),
  );
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: certificate.toString(),
    fingerprint: fingerprintOf(certificate),
  };
}

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;

const ECDSA_WITH_SHA256 = der(SEQUENCE, identifier('2a8648ce3d040302'));
const NAME = der(
  SEQUENCE,
  der(SET, der(SEQUENCE, identifier('550403'), der(UTF8_STRING, ascii('filex-conformance')))),
);
/** The extension with the names of the server: a host, and an address that begins so and ends with 0.0.1. */
function alternativeNames(host: string, first: number): Buffer {
  const names = der(SEQUENCE, der(0x82, ascii(host)), der(0x87, Buffer.of(first, 0, 0, 1)));
  return der(SEQUENCE, identifier('551d11'), der(OCTET_STRING, names));
}

/** One value in the distinguished encoding rules of ASN.1. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), value]);
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), value]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), value]);
}

function identifier(hex: string): Buffer {
  return der(OBJECT_IDENTIFIER, Buffer.from(hex, 'hex'));
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'ascii');
}
