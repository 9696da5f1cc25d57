import { open } from 'node:fs/promises';
import { FilexError } from '@filex/protocol';
import { errnoOf, fileError } from '@filex/protocol/node';
import { AdvisedError } from '../errors.js';
import { quoteCommand } from '../ui/quote.js';

/** Who else may do what with a file that only its owner should have; bits of its mode. */
export const others = { any: 0o077, write: 0o022 } as const;

export interface PrivateFileRules {
  /** Bits of the mode that the file must not have. Windows has none of them. */
  readonly forbidden: number;
  /** What is wrong when it has, for people: "can be read by others". */
  readonly complaint: string;
  /** Bytes. */
  readonly maxSize: number;
  readonly platform: NodeJS.Platform;
}

/**
 * Reads a small file of the user that others must not read, or not write.
 * @returns undefined when there is none.
 * @throws FilexError `PERMISSION_DENIED` when others may do what they must not; `TOO_LARGE`, or what the file system says.
 */
export async function readPrivateFile(path: string, rules: PrivateFileRules): Promise<string | undefined> {
  try {
    const handle = await open(path, 'r');
    try {
      const { mode, size } = await handle.stat();
      if (rules.platform !== 'win32' && (mode & rules.forbidden) !== 0)
        throw new AdvisedError(
          'PERMISSION_DENIED',
          `${path} ${rules.complaint}, so it is not used`,
          `Keep it to yourself: ${quoteCommand(['chmod', '600', path], rules.platform)}`,
        );
      if (size > rules.maxSize)
        throw new FilexError('TOO_LARGE', `${path} has more than ${rules.maxSize} bytes`, { path });
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw fileError(error, { action: 'read', path });
  }
}
