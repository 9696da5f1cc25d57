import { hash } from 'node:crypto';
import { FilexError } from '../../errors.js';
import type { DigestAlgorithm } from '../../vocabulary.js';
import type { UploadRequest } from '../types.js';
import type { OperationRun } from './operation.js';

/** What is asked for, with all that makes two requests with one operation id the same in a form that stays short. */
export function uploadRequestOf({ request }: OperationRun, algorithm: DigestAlgorithm): UploadRequest {
  const { path, size, ifExists = 'fail', mtime, executable = false } = request;
  const text = JSON.stringify([path, size, ifExists, mtime, executable, algorithm]);
  return { path, size, ifExists, mtime, executable, algorithm, arguments: hash('sha256', text, 'base64url') };
}

/** A newer stream of the same operation has taken over. PROTOCOL.md, section 12.1. */
export const superseded = (): FilexError => new FilexError('SUPERSEDED', undefined, { effect: 'unknown' });
