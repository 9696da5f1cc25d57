import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fingerprintOf } from '@filex/protocol/node';
import type { Config } from '../config.js';
import type { CreateServerOptions } from '../create-server.js';
import type { Logger } from '../telemetry/log.js';
import { KeyFiles } from './key-files.js';
import { receiptsOf } from './receipts.js';
import { openServerKey } from './server-key.js';

type Identity = Required<Pick<CreateServerOptions, 'tls' | 'fingerprint' | 'receipts'>> & { close(): void };

/** What a server is known by: the user's own certificate and key, else the key in the state folder. */
export async function openIdentity(config: Config, state: string, logger: Logger): Promise<Identity> {
  const { tlsCert: cert, tlsKey: key } = config;
  if (cert === undefined || key === undefined) {
    const tls = await openServerKey(state);
    const receipts = receiptsOf(tls.key);
    return { tls, fingerprint: fingerprintOf(tls.cert), receipts, close: () => undefined };
  }
  const files = await KeyFiles.open({
    cert,
    key,
    onWarning: (message, details) => logger.warn(details, message),
    onChange: (fingerprint) => logger.info({ fingerprint }, 'new connections see the new certificate'),
  });
  const { context: tls, fingerprint, receipts } = files;
  return { tls, fingerprint, receipts, close: () => files.close() };
}

/**
 * The fingerprint of a server that runs, by its configuration. Undefined when that cannot be told: of files that somebody
 * renews, the server may still have the ones of before, because the new ones are no good.
 */
export async function knownFingerprint(
  { tlsCert }: Pick<Config, 'tlsCert'>,
  state: string,
): Promise<string | undefined> {
  if (tlsCert !== undefined) return undefined;
  try {
    return fingerprintOf(await readFile(join(state, 'cert.pem')));
  } catch {
    return undefined;
  }
}
