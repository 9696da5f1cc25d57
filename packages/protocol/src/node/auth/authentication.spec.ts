import { describe, expect, it } from 'vitest';
import { FilexError } from '../../errors.js';
import type { Accounts, Credentials } from '../types.js';
import { type Channel, clientAuthentication } from './client-authentication.js';
import { type Answer, offeredMechanisms, ServerAuthentication } from './server-authentication.js';
import { createVerifier } from './verifier.js';

const verifier = await createVerifier('pass word', 4096);
const accounts: Accounts = {
  iterations: 4096,
  verifier: async (user) => (user === 'ann' ? verifier : undefined),
};
const key = new Uint8Array(32).fill(1);
const otherKey = new Uint8Array(32).fill(2);

interface Meeting {
  readonly credentials?: Credentials | undefined;
  readonly anonymous?: boolean;
  readonly accounts?: Accounts | undefined;
  /** What each end knows of TLS. */
  readonly keys?: readonly [client: Uint8Array, server: Uint8Array];
  /** What the client hears of the offer; default: the truth. */
  readonly heard?: (offered: readonly string[]) => readonly string[];
  /** What each end takes for the HELLOs; default: the same. */
  readonly transcripts?: readonly [client: string, server: string];
}

const bytes = (text: string) => new TextEncoder().encode(text);

async function meet(meeting: Meeting): Promise<{ answer: Answer; mechanism: string | undefined }> {
  const { credentials, keys, heard = (offered) => offered, transcripts = ['both', 'both'] } = meeting;
  const options = {
    accounts: 'accounts' in meeting ? meeting.accounts : accounts,
    anonymous: meeting.anonymous ?? false,
    transcript: () => bytes(transcripts[1]),
    exporter: keys?.[1],
  };
  const server = new ServerAuthentication(options);
  const channel: Channel = {
    mechanisms: heard(offeredMechanisms(options)),
    transcript: bytes(transcripts[0]),
    exporter: keys?.[0],
  };
  const client = clientAuthentication(channel, credentials);
  const first = await client.start();
  let answer = await server.take(first.mechanism, first.data);
  while (answer.step === 'continue') {
    const next = await client.next(answer.data);
    answer = await server.take(next.mechanism, next.data);
  }
  if (answer.step === 'success') client.finish(answer.data);
  return { answer, mechanism: first.mechanism };
}

const ann: Credentials = { user: 'ann', passcode: 'pass\u00a0word' };

describe('authentication', () => {
  it('lets a user in, by the strongest mechanism that both can', async () => {
    expect(await meet({ credentials: ann })).toMatchObject({
      mechanism: 'SCRAM-SHA-256',
      answer: { step: 'success', principal: 'ann' },
    });
    expect(await meet({ credentials: ann, keys: [key, key] })).toMatchObject({
      mechanism: 'SCRAM-SHA-256-PLUS',
      answer: { step: 'success', principal: 'ann' },
    });
  });

  it('lets anybody in where that is offered, and only there', async () => {
    expect(await meet({ anonymous: true })).toMatchObject({
      mechanism: 'ANONYMOUS',
      answer: { step: 'success', principal: 'anonymous' },
    });
    await expect(meet({ anonymous: false })).rejects.toThrow('without user name and passcode');
    const server = new ServerAuthentication({
      accounts,
      anonymous: false,
      transcript: () => key,
      exporter: undefined,
    });
    expect(await server.take('ANONYMOUS', undefined)).toMatchObject({ step: 'failure' });
  });

  it('never falls back to something weaker than was asked for', async () => {
    await expect(
      meet({ credentials: ann, anonymous: true, heard: () => ['ANONYMOUS', 'PLAIN'] }),
    ).rejects.toThrow('knows no users');
  });

  it('tells a wrong passcode and an unknown user apart for the log, and for nobody else', async () => {
    const wrong = await meet({ credentials: { user: 'ann', passcode: 'no' } });
    const unknown = await meet({ credentials: { user: 'bob', passcode: 'pass word' } });
    expect(wrong.answer).toEqual({ step: 'failure', user: 'ann', reason: 'the passcode is wrong' });
    expect(unknown.answer).toEqual({ step: 'failure', user: 'bob', reason: 'there is no such user' });
  });

  const ask = async (user: string, known: Accounts = accounts) => {
    const server = new ServerAuthentication({
      accounts: known,
      anonymous: false,
      transcript: () => key,
      exporter: undefined,
    });
    const answer = await server.take('SCRAM-SHA-256', bytes(`n,,n=${user},r=abc`));
    return /s=([^,]+),i=(\d+)$/.exec(new TextDecoder().decode((answer as { data: Uint8Array }).data));
  };

  it('gives an unknown user the same salt every time, and another one to another', async () => {
    const [bob, again, eve, known] = await Promise.all([ask('bob'), ask('bob'), ask('eve'), ask('ann')]);
    expect(bob?.[0]).toBe(again?.[0]);
    expect(bob?.[1]).not.toBe(eve?.[1]);
    expect(bob?.[1]).toHaveLength(known?.[1]?.length as number);
    expect(bob?.[2]).toBe(known?.[2]);
  });

  it('gives an unknown user the same salt after a restart, when the accounts keep a secret', async () => {
    const kept = await ask('bob', { ...accounts, secret: key });
    const again = await ask('bob', { ...accounts, secret: Uint8Array.from(key) });
    const other = await ask('bob', { ...accounts, secret: otherKey });
    expect(kept?.[1]).toBe(again?.[1]);
    expect(kept?.[1]).not.toBe(other?.[1]);
    expect(kept?.[1]).not.toBe((await ask('bob'))?.[1]);
  });

  it('notices who relays it under another key', async () => {
    expect((await meet({ credentials: ann, keys: [key, otherKey] })).answer).toMatchObject({
      step: 'failure',
      reason: expect.stringContaining('channel'),
    });
  });

  it('notices who hides that the server can bind the channel, or changes a HELLO', async () => {
    const hidden = await meet({
      credentials: ann,
      keys: [key, key],
      heard: (offered) => offered.filter((mechanism) => !mechanism.endsWith('-PLUS')),
    });
    expect(hidden.answer).toMatchObject({ step: 'failure', reason: expect.stringContaining('hidden') });
    const changed = await meet({ credentials: ann, transcripts: ['one', 'other'] });
    expect(changed.answer).toMatchObject({ step: 'failure', reason: expect.stringContaining('HELLO') });
  });

  it('shows the client a server that does not know the passcode but says yes', async () => {
    const client = clientAuthentication(
      { mechanisms: ['SCRAM-SHA-256'], transcript: key, exporter: undefined },
      ann,
    );
    const { data } = await client.start();
    const nonce = /r=(.+)$/.exec(new TextDecoder().decode(data))?.[1];
    await client.next(bytes(`r=${nonce}xyz,s=AAAA,i=4096`));
    const finish = () => client.finish(bytes(`v=${Buffer.alloc(32).toString('base64')}`));
    expect(finish).toThrow(FilexError);
    expect(finish).toThrow('could not prove');
    expect(() => client.finish(undefined)).toThrow('could not prove');
    await expect(client.next(bytes('r=a,s=AAAA,i=4096'))).rejects.toThrow('more than SCRAM needs');
  });

  it('takes no name that a principal has no room for, whoever has one', async () => {
    const everybody: Accounts = { ...accounts, verifier: async () => verifier };
    const named = (user: string) =>
      meet({ credentials: { user, passcode: 'pass word' }, accounts: everybody });
    expect((await named('é'.repeat(127))).answer).toMatchObject({ step: 'success' });
    expect((await named('é'.repeat(128))).answer).toMatchObject({
      step: 'failure',
      reason: expect.stringContaining('too long'),
    });
  });

  it('survives accounts that cannot be read', async () => {
    const broken: Accounts = { iterations: 4096, verifier: () => Promise.reject(new Error('disk')) };
    expect((await meet({ credentials: ann, accounts: broken })).answer).toMatchObject({
      step: 'failure',
      reason: expect.stringContaining('could not be read'),
    });
  });

  it('asks for a passcode only when the server wants one', async () => {
    let asked = 0;
    const credentials = {
      user: 'ann',
      passcode: async () => {
        asked += 1;
        return 'pass word';
      },
    };
    await expect(meet({ credentials, heard: () => [] })).rejects.toThrow();
    expect(asked).toBe(0);
    expect((await meet({ credentials })).answer.step).toBe('success');
    expect(asked).toBe(1);
  });
});
