import { constants, createHash, createPublicKey, type KeyObject, randomBytes, verify } from 'node:crypto';
import type { OpenValues } from '../../session/client-session.js';
import type { ServerTrial } from '../../session/server-trial.js';
import { codeName } from '../../spec/specification.js';
import { casesOf } from '../../suite/case.js';
import { content } from '../../wire/bytes.js';
import { decodeRecord } from '../../wire/decode.js';
import type { Messages } from '../../wire/messages.js';
import { treeDigest } from '../../wire/tree-digest.js';
import { Violation } from '../../wire/violation.js';

const file = content(300, 1);
const digest = treeDigest(file);

/** What a statement says. */
interface Statement {
  readonly signatureAlgorithm: string;
  readonly key: Buffer;
  readonly principal: string;
  readonly path: string;
  readonly size: number;
  readonly algorithm: string;
  readonly digest: Buffer;
  readonly time: number;
  readonly operationId: Buffer;
}

const types: Readonly<Record<string, readonly string[]>> = {
  'ecdsa-sha256': ['ec'],
  'rsa-pss-sha256': ['rsa', 'rsa-pss'],
  ed25519: ['ed25519'],
};

function isSigned(key: KeyObject, algorithm: string, signed: Buffer, signature: Buffer): boolean {
  switch (algorithm) {
    case 'ecdsa-sha256':
      return verify('sha256', signed, { key, dsaEncoding: 'der' }, signature);
    case 'rsa-pss-sha256': {
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      return verify('sha256', signed, { key, padding, saltLength: 32 }, signature);
    }
    default:
      return verify(null, signed, key, signature);
  }
}

/** What a receipt says, once it was judged. @throws Violation */
function judge(receipt: Buffer): Statement {
  const { statement, publicKey, signature } = decodeRecord('receipt', receipt) as Record<string, Buffer>;
  if (statement === undefined || publicKey === undefined || signature === undefined)
    throw new Violation(['FX-8.5-2'], 'a field of the receipt is missing');
  // Tags of one field each, and nothing else.
  if (receipt.length !== 12 + statement.length + publicKey.length + signature.length)
    throw new Violation(['FX-8.5-2'], 'the receipt has fields beyond those of the table');
  const said = decodeRecord('statement', statement) as unknown as Statement & { version: number };
  if (said.version !== 1) throw new Violation(['FX-8.5-3'], `the version is ${said.version}`);
  if (!createHash('sha256').update(publicKey).digest().equals(said.key))
    throw new Violation(['FX-8.5-6'], '"key" is not the SHA-256 of "publicKey"');
  const key = createPublicKey({ key: publicKey, type: 'spki', format: 'der' });
  if (types[said.signatureAlgorithm]?.includes(key.asymmetricKeyType ?? '') !== true)
    throw new Violation(
      ['FX-8.5-5'],
      `${said.signatureAlgorithm} with a key of the type ${key.asymmetricKeyType}`,
    );
  const signed = Buffer.concat([Buffer.from('FileX receipt v1\n'), statement]);
  if (!isSigned(key, said.signatureAlgorithm, signed, signature))
    throw new Violation(['FX-8.5-5'], 'the signature is not right');
  return said;
}

/** Of a RESULT. */
function judged(trial: ServerTrial, { status, receipt }: Messages['RESULT']): Statement {
  if (status !== 0) throw new Violation([], `the upload failed: ${codeName(status)}`);
  if (receipt === undefined) return trial.notApplicable('this server gives no receipts');
  return judge(receipt);
}

/** @throws Violation naming the rule about what a statement says. */
function compare(statement: Statement, expected: Partial<Statement>, rule: string): void {
  for (const [name, value] of Object.entries(expected)) {
    const is = statement[name as keyof Statement];
    if (Buffer.isBuffer(value) ? !value.equals(is as Buffer) : value !== is)
      throw new Violation([rule], `"${name}" is ${JSON.stringify(is)}`);
  }
}

/** Receipts. */
export const chapter08Receipts = casesOf<ServerTrial>((check) => {
  const upload = async (trial: ServerTrial, values: OpenValues): Promise<Messages['RESULT']> => {
    const session = await trial.session();
    return session.upload(values.path as string, file, { ...values, receipt: true });
  };
  const all = ['FX-8.5-4', 'FX-8.5-1', 'FX-8.5-2', 'FX-8.5-3', 'FX-8.5-5'];

  check(all, 'a receipt says what was committed, and is signed', async (trial) => {
    const operationId = randomBytes(16);
    const path = await trial.path('file');
    const statement = judged(trial, await upload(trial, { path, operationId, algorithm: 'sha256' }));
    const facts = { path, size: file.length, digest, algorithm: 'sha256', operationId };
    compare(statement, { ...facts, principal: trial.facts.principal ?? 'anonymous' }, 'FX-8.5-4');
    // No clock is right, but one that is ten years off would not be one.
    const years = Math.abs(statement.time / 1000 - Date.now()) / (365 * 86_400_000);
    if (years > 10) throw new Violation(['FX-8.5-4'], `the time is ${statement.time}`);
  });

  check('FX-8.5-4', 'a receipt names the path that RESULT names', async (trial) => {
    const path = await trial.path('file');
    await (await trial.session()).upload(path, content(300, 2));
    const result = await upload(trial, { path, ifExists: 'rename' });
    compare(judged(trial, result), { path: result.path as string }, 'FX-8.5-4');
  });

  check('FX-8.5-1', 'what was there already gets a receipt, too', async (trial) => {
    const path = await trial.path('file');
    const first = await upload(trial, { path });
    judged(trial, first);
    const again = await upload(trial, { path });
    if (again.receipt === undefined) throw new Violation([], `there is none, outcome ${again.outcome}`);
    compare(judge(again.receipt), { path, size: file.length, digest }, 'FX-8.5-4');
  });

  check('FX-8.5-6', 'a receipt is signed with the key of the server', async (trial) => {
    await trial.needsTls();
    const transport = await trial.dialSecure();
    const session = await trial.over(transport).handshake();
    const path = await trial.path('file');
    const { key } = judged(trial, await session.upload(path, file, { receipt: true }));
    const fingerprint = `sha256:${key.toString('base64url')}`;
    if (fingerprint !== transport.fingerprint)
      throw new Violation([], `it is signed with ${fingerprint}, the server has ${transport.fingerprint}`);
  });

  check(['FX-8.5-8', 'FX-12.3-4'], 'a RESULT that is given again has the same facts', async (trial) => {
    trial.needsEpochs();
    const values = { path: await trial.path('file'), operationId: randomBytes(16), size: file.length };
    const { signatureAlgorithm: _, ...facts } = judged(trial, await upload(trial, values));
    compare(judged(trial, await upload(trial, values)), facts, 'FX-8.5-8');
  });

  check(['FX-8.5-1', 'FX-12.1-2'], 'to want a receipt is no other upload', async (trial) => {
    trial.needsEpochs();
    const values = { path: await trial.path('file'), operationId: randomBytes(16), size: file.length };
    const session = await trial.session();
    await session.upload(values.path, file, values);
    const again = await upload(trial, values);
    if (again.status !== 0) throw new Violation([], `the retry failed: ${codeName(again.status)}`);
    if (again.receipt !== undefined) judge(again.receipt);
  });
});
