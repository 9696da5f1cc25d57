import { type Limits, limitTable } from '../limits.js';
import { type DigestAlgorithm, digestAlgorithms } from '../vocabulary.js';
import type { Messages } from '../wire/messages.js';

/** The version this code speaks. */
export const VERSION = 1;

/** What one end brings to the negotiation. */
export interface Offer {
  readonly limits: Limits;
  /** Best first. */
  readonly digests: readonly DigestAlgorithm[];
  readonly capabilities: readonly number[];
  readonly mechanisms: readonly string[];
  readonly agent: string;
  readonly nonce: Uint8Array;
}

export function helloOf(offer: Offer): Messages['HELLO'] {
  return {
    versions: [VERSION],
    capabilities: offer.capabilities,
    digests: offer.digests.map((name) => digestAlgorithms.indexOf(name)),
    maxDataPayload: offer.limits.maxDataPayload,
    maxStreams: offer.limits.maxStreams,
    streamWindow: offer.limits.initialStreamWindow,
    connectionWindow: offer.limits.initialConnectionWindow,
    nonce: offer.nonce,
    mechanisms: offer.mechanisms.length === 0 ? undefined : offer.mechanisms,
    agent: offer.agent,
  };
}

/**
 * The digests both ends have, in the order of the client; the first one is in force. Numbers this version does not know
 * are passed over, so new algorithms can be offered to old ends.
 */
export function commonDigests(client: readonly number[], server: readonly number[]): DigestAlgorithm[] {
  const names = client.filter((number) => server.includes(number)).map((number) => digestAlgorithms[number]);
  return [...new Set(names)].filter((name) => name !== undefined);
}

/** Which of the peer's limits is below what every end must offer, with its value; undefined when none is. */
export function tooLow(hello: Messages['HELLO']): string | undefined {
  if (hello.maxDataPayload < limitTable.maxDataPayload.floor) return `maxDataPayload ${hello.maxDataPayload}`;
  if (hello.maxStreams < limitTable.maxStreams.floor) return `maxStreams ${hello.maxStreams}`;
  if (hello.streamWindow < limitTable.initialStreamWindow.floor) return `streamWindow ${hello.streamWindow}`;
  if (hello.connectionWindow < limitTable.initialConnectionWindow.floor) {
    return `connectionWindow ${hello.connectionWindow}`;
  }
  return undefined;
}
