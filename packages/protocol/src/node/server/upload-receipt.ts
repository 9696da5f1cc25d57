import type { OperationRun, Success } from './operation.js';
import type { Committed } from './remembered-upload.js';

/**
 * What there is to tell of a commit, with a receipt when the client has asked for one: signing costs more than storing a small file.
 * All of it comes from what is remembered, so that whoever asks again hears of the same commit.
 */
export function withReceipt(run: OperationRun, committed: Committed): Success {
  const { request, receipts, context } = run;
  if (request.receipt !== true || receipts === undefined) return committed;
  const { path = request.path, bytes: size, algorithm, digest, time } = committed;
  const receipt = receipts({
    principal: context.peer.principal,
    path,
    size,
    algorithm,
    digest: Buffer.from(digest, 'hex'),
    time,
    operationId: request.operationId,
  });
  return { ...committed, receipt };
}
