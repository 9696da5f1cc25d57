import { visibleText } from '@filex/protocol';
import type { User } from '../access/users-document.js';

/** What a list shows of a user: all but what belongs to the passcode. */
export interface ListedUser extends Omit<User, 'verifier'> {
  readonly name: string;
}

const HEAD = ['USER', 'MAY', 'ROOT', 'QUOTA'];

/** For people: one line for each user, in columns. */
export function usersTable(users: readonly ListedUser[]): string {
  const rows = [HEAD, ...users.map(rowOf)].map((row) => row.map((cell) => visibleText(cell)));
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => [...(row[column] as string)].length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] as number) - [...cell].length))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

function rowOf({ name, preset, rules, root, quota: { bytes, files } }: ListedUser): string[] {
  const allowed = rules.map(({ path, allow }) => `/${path}=${allow.join(',')}`);
  const quota = [
    bytes === undefined ? [] : [`${bytes} bytes`],
    files === undefined ? [] : [`${files} files`],
  ].flat();
  return [name, [preset ?? [], ...allowed].flat().join(' ') || 'none', `/${root}`, quota.join(', ') || '-'];
}
