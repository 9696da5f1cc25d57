import { conflictPolicies, type Operation, operations } from '@filex/protocol';
import { describe, expect, it } from 'vitest';
import { anonymousAccess, anonymousLevels } from './anonymous.js';

const all = operations.filter((operation) => operation !== undefined);

/** The table once more, from the side of the user. */
const allowed: Record<string, readonly Operation[]> = {
  none: [],
  read: ['download', 'list', 'stat'],
  drop: ['upload', 'makeDirectory'],
  write: all,
};

describe('anonymousAccess', () => {
  it.each(anonymousLevels)('%s allows what it says, and nothing else', (level) => {
    const access = anonymousAccess(level);
    for (const operation of all) {
      const check = () => access.check('anonymous', { operation, path: 'a', ifExists: 'fail' });
      if (allowed[level]?.includes(operation)) expect(check()).toEqual({ createOnly: level !== 'write' });
      else expect(check).toThrow(expect.objectContaining({ code: 'PERMISSION_DENIED', path: 'a' }));
    }
  });

  it('lets nobody replace anything in a letter box', () => {
    const drop = anonymousAccess('drop');
    const refused = conflictPolicies.filter((ifExists) => {
      try {
        drop.check('anonymous', { operation: 'upload', path: 'a', ifExists });
        return false;
      } catch {
        return true;
      }
    });
    expect(refused).toEqual(['skip', 'overwrite', 'newer']);
  });

  it('says what is not allowed, and which flag says so', () => {
    expect(() => anonymousAccess('read').check('anonymous', { operation: 'remove', path: 'a' })).toThrow(
      'anonymous users of this server may not remove anything (--anonymous read)',
    );
  });
});
