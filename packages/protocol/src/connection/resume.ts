import type { MachineName } from '../machine/operation.js';
import { BLOCK_SIZE } from '../wire/digest.js';
import type { Messages } from '../wire/messages.js';

/** What in an OPEN does not fit together, as text; undefined when it may be sent. PROTOCOL.md, "Resuming". */
export function openFault(machine: MachineName, open: Pick<Messages['OPEN'], 'offset' | 'prefix' | 'size'>) {
  const { offset = 0, prefix, size } = open;
  if (machine === 'upload' && size !== undefined && offset > size) {
    return `offset ${offset} is beyond the size ${size}`;
  }
  if (machine === 'download' && offset > 0 !== (prefix !== undefined)) {
    return offset > 0 ? 'offset needs "prefix"' : '"prefix" needs an offset';
  }
  return undefined;
}

/** What in an ACCEPT does not fit an OPEN that asked for `asked`, as text; undefined when it may be sent. */
export function acceptFault(
  machine: MachineName,
  asked: number,
  accept: Pick<Messages['ACCEPT'], 'offset' | 'prefix'>,
) {
  const { offset, prefix } = accept;
  if (offset > asked) return `offset ${offset} is beyond ${asked}, which was asked for`;
  if (offset !== 0 && offset !== asked && (machine !== 'upload' || offset % BLOCK_SIZE !== 0)) {
    return `offset ${offset} is neither 0, nor ${asked}, nor between two blocks of an upload`;
  }
  if ((machine === 'upload' && offset > 0) !== (prefix !== undefined)) {
    return prefix === undefined ? 'offset needs "prefix"' : '"prefix" is not asked for';
  }
  return undefined;
}
