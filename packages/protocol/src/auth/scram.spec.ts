import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScramClient } from './scram-client.js';
import { prepare, type ScramCrypto, type Verifier, verifierOf } from './scram-keys.js';
import { type ChannelBinding, ScramFault } from './scram-messages.js';
import { ScramServer } from './scram-server.js';

const crypto: ScramCrypto = {
  hash: (data) => createHash('sha256').update(data).digest(),
  hmac: (key, data) => createHmac('sha256', key).update(data).digest(),
};
const salted = (passcode: string, salt: Uint8Array, iterations: number) =>
  pbkdf2Sync(passcode, salt, iterations, 32, 'sha256');
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();
const bytes = (said: string) => new TextEncoder().encode(said);

// The example of RFC 7677, section 3.
const rfc = {
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
};
const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');

describe('the exchange of RFC 7677', () => {
  it('is what the client says and takes', () => {
    const client = new ScramClient({ crypto, user: 'user', nonce: 'rOprNGfwEbeRWgbNEkqO', binding: 'n' });
    expect(text(client.first())).toBe(rfc.clientFirst);
    const asked = client.challenge(bytes(rfc.serverFirst));
    expect(asked).toEqual({ salt: new Uint8Array(salt), iterations: 4096 });
    expect(text(client.prove(salted('pencil', asked.salt, asked.iterations)))).toBe(rfc.clientFinal);
    expect(() => client.verify(bytes(rfc.serverFinal))).not.toThrow();
    expect(() => client.verify(bytes(rfc.serverFinal.replace('6', '7')))).toThrow(ScramFault);
  });

  it('is what the server takes and says', () => {
    const server = new ScramServer({
      crypto,
      nonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
      plus: false,
      plusOffered: false,
    });
    expect(server.first(bytes(rfc.clientFirst))).toBe('user');
    expect(text(server.challenge(verifierOf(crypto, salted('pencil', salt, 4096), salt, 4096)))).toBe(
      rfc.serverFirst,
    );
    expect(text(server.final(bytes(rfc.clientFinal)))).toBe(rfc.serverFinal);
  });
});

interface Meeting {
  readonly user?: string;
  readonly passcode?: string;
  readonly binding?: ChannelBinding;
  readonly plus?: boolean;
  readonly plusOffered?: boolean;
  readonly seen?: { readonly client?: Uint8Array; readonly server?: Uint8Array };
  readonly heard?: { readonly client?: Uint8Array; readonly server?: Uint8Array };
  readonly onTheWay?: (step: number, said: string) => string;
  readonly verifier?: Verifier;
}

const known = verifierOf(crypto, salted('secret', salt, 4096), salt, 4096);

/** Lets a client and a server meet, and whoever is between them change what they say. */
function meet(meeting: Meeting = {}): 'both' | 'neither' | 'only the server believes' {
  const { user = 'ann', passcode = 'secret', binding = 'n', verifier = known } = meeting;
  const { plus = binding === 'tls-exporter', plusOffered = plus, seen, heard, onTheWay } = meeting;
  const change = (step: number, said: Uint8Array) => bytes(onTheWay?.(step, text(said)) ?? text(said));
  const client = new ScramClient({
    crypto,
    user,
    nonce: 'c'.repeat(24),
    binding,
    bindingData: seen?.client,
    transcript: heard?.client,
  });
  const server = new ScramServer({
    crypto,
    nonce: 's'.repeat(24),
    plus,
    plusOffered,
    bindingData: seen?.server,
    transcript: heard?.server,
  });
  let signature: Uint8Array | undefined;
  try {
    const named = server.first(change(1, client.first()));
    if (onTheWay === undefined) expect(named).toBe(user);
    const asked = client.challenge(change(2, server.challenge(verifier)));
    signature = server.final(change(3, client.prove(salted(passcode, asked.salt, asked.iterations))));
    if (signature === undefined) return 'neither';
  } catch (error) {
    if (!(error instanceof ScramFault)) throw error;
    return 'neither';
  }
  try {
    client.verify(change(4, signature));
    return 'both';
  } catch (error) {
    if (!(error instanceof ScramFault)) throw error;
    return 'only the server believes';
  }
}

describe('SCRAM', () => {
  const one = new Uint8Array(32).fill(1);
  const other = new Uint8Array(32).fill(2);

  it('lets those in who know the passcode, whatever they are called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), (name) => {
        const user = prepare(name);
        fc.pre(user !== undefined);
        expect(meet({ user: user as string })).toBe('both');
      }),
      { numRuns: 60 },
    );
  });

  it('keeps others out', () => {
    expect(meet({ passcode: 'Secret' })).toBe('neither');
    expect(meet({ verifier: { ...known, storedKey: one } })).toBe('neither');
  });

  it('shows the client a server that does not know the passcode', () => {
    expect(meet({ verifier: { ...known, serverKey: one } })).toBe('only the server believes');
  });

  it('binds the TLS session', () => {
    const binding = 'tls-exporter';
    expect(meet({ binding, seen: { client: one, server: one } })).toBe('both');
    expect(meet({ binding, seen: { client: one, server: other } })).toBe('neither');
  });

  it('binds both HELLOs', () => {
    expect(meet({ heard: { client: one, server: one } })).toBe('both');
    expect(meet({ heard: { client: one, server: other } })).toBe('neither');
    expect(meet({ heard: { server: one } })).toBe('neither');
    expect(meet({ heard: { client: one } })).toBe('neither');
  });

  it('notices that PLUS was hidden, or that somebody mixes the two', () => {
    expect(meet({ binding: 'y', plusOffered: true })).toBe('neither');
    expect(meet({ binding: 'y', plusOffered: false })).toBe('both');
    expect(meet({ binding: 'n', plus: true })).toBe('neither');
    expect(meet({ binding: 'tls-exporter', plus: false, plusOffered: true })).toBe('neither');
  });

  it('survives nobody who changes a character on the way', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.nat(),
        fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }),
        fc.constantFrom('replace', 'insert', 'delete'),
        (at, position, character, how) => {
          const outcome = meet({
            heard: { client: one, server: one },
            onTheWay: (step, said) => {
              if (step !== at) return said;
              const i = position % said.length;
              const rest = said.slice(how === 'insert' ? i : i + 1);
              const changed = said.slice(0, i) + (how === 'delete' ? '' : character) + rest;
              // Base64 has spare bits in its last character, and nothing else is spared.
              fc.pre(changed !== said && !(step >= 3 && i >= said.length - 2));
              return changed;
            },
          });
          expect(outcome).not.toBe('both');
        },
      ),
      { numRuns: 600 },
    );
  });

  it('does neither too little nor too much work for a server', () => {
    for (const iterations of [1, 4095, 10_000_001]) {
      const client = new ScramClient({ crypto, user: 'a', nonce: 'n', binding: 'n' });
      expect(() => client.challenge(bytes(`r=nm,s=AAAA,i=${iterations}`))).toThrow(/iterations/);
    }
  });

  it('throws nothing but faults at garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (garbage) => {
        const server = new ScramServer({ crypto, nonce: 's', plus: false, plusOffered: false });
        expect(() => server.first(garbage)).toThrow(ScramFault);
        const client = new ScramClient({ crypto, user: 'a', nonce: 'n', binding: 'n' });
        expect(() => client.challenge(garbage)).toThrow(ScramFault);
        expect(() => client.verify(garbage)).toThrow(ScramFault);
      }),
    );
  });
});

describe('prepare', () => {
  it.each([
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['\u0007', undefined],
    ['a\u00a0b', 'a b'],
    ['a\u2028b', undefined],
    ['a\u2029b', undefined],
    ['', undefined],
  ])('%j gives %j, as in RFC 4013', (given, prepared) => {
    expect(prepare(given)).toBe(prepared);
  });
});
