import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes } from '../testing/arbitraries.js';
import { type ForeignProtocol, foreignReply, PREFACE, recognise, undecided } from './preface.js';

const ascii = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));

/** What real programs say first. */
const samples: readonly [ForeignProtocol, Uint8Array][] = [
  ['HTTP', ascii('GET / HTTP/1.1\r\nHost: x\r\n')],
  ['HTTP', ascii('OPTIONS * HTTP/1.1\r\n')],
  ['HTTP', ascii('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
  ['HTTP', ascii('HTTP/1.1 400 Bad Request\r\n')],
  ['HTTP', ascii('<!DOCTYPE HTML PUBLIC')],
  ['TLS', Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01)],
  ['TLS', Uint8Array.of(0x16, 0x03, 0x03)],
  ['TLS', Uint8Array.of(0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46)],
  ['SSH', ascii('SSH-2.0-OpenSSH_9.6\r\n')],
  ['FTP or SMTP', ascii('220 mail.example ESMTP\r\n')],
  ['FTP or SMTP', ascii('220-Welcome\r\n')],
  ['text', ascii('hello\r\n')],
  ['text', ascii('FILEX\r\n\r\n')],
  ['something unknown', Uint8Array.of(0, 0, 0, 1)],
  ['something unknown', Uint8Array.of(0x16, 0x00)],
  ['something unknown', Uint8Array.of(0x80)],
];

describe('the preface', () => {
  it('would not survive what mangles text', () => {
    const text = Buffer.from(PREFACE).toString('latin1');
    expect(text).toBe('FILEX\r\n\x1a');
    expect(text.replaceAll('\r\n', '\n')).not.toBe(text);
  });

  it.each(samples)('%s is recognised in what a peer says instead', (protocol, said) => {
    expect(recognise(said)).toBe(protocol);
  });

  it.each(['\x00hello', 'hello\x00', '\x7f', 'a\x80'])('%j is no text', (said) => {
    expect(recognise(ascii(said))).toBe('something unknown');
  });

  it.each([
    '\x16',
    '\x15',
    'S',
    'SSH',
    'HTTP',
    'H',
    'HEAD',
    'GET',
    'P',
    'PRI',
    'OPTIONS',
    '<',
    '<html',
    '22',
    '220',
  ])('%j may become one of them', (said) => expect(undecided(ascii(said))).toBe(said !== '<html'));

  it.each(['GET ', 'TLS', 'F', 'ET ', 'TP', '\x03', '-', '221', '20', 'PUT /', 'SSH-', 'FILEX\n'])(
    '%j is decided',
    (said) => expect(undecided(ascii(said))).toBe(false),
  );

  it('and what is recognised does not change once it is decided', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...samples.map(([, said]) => said)), bytes(1, 12)), (said) => {
        let length = 1;
        while (length < said.length && undecided(said.subarray(0, length))) length += 1;
        expect(length).toBeLessThanOrEqual(PREFACE.length);
        const named = recognise(said.subarray(0, length));
        if (named !== 'text' && named !== 'something unknown') expect(recognise(said)).toBe(named);
      }),
    );
  });
});

describe('the reply to something that is not FileX', () => {
  it('is a complete HTTP response for HTTP', () => {
    const reply = Buffer.from(foreignReply('HTTP')).toString();
    const [head, body] = reply.split('\r\n\r\n') as [string, string];
    expect(head).toMatch(/^HTTP\/1\.1 400 /);
    expect(head).toContain(`Content-Length: ${Buffer.byteLength(body)}`);
    expect(body).toContain('filex-client');
  });

  it('is a fatal protocol_version alert for TLS', () => {
    expect([...foreignReply('TLS')]).toEqual([21, 3, 3, 0, 2, 2, 70]);
  });

  it('is a line for people, and nothing for what cannot be read', () => {
    for (const protocol of ['SSH', 'FTP or SMTP', 'text'] as const) {
      expect(Buffer.from(foreignReply(protocol)).toString()).toMatch(/^This is a FileX server.*\r\n$/);
    }
    expect(foreignReply('something unknown').length).toBe(0);
  });
});
