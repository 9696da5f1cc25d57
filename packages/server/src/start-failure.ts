import { FilexError } from '@filex/protocol';
import { errnoOf } from '@filex/protocol/node';
import { UsersError } from './access/users-document.js';

/** Why a server could not begin, and what to do about it, in words; undefined for what nobody expected. */
export function startFailure(
  error: unknown,
  { host, port }: { host: string | undefined; port: number },
): string | undefined {
  if (error instanceof UsersError) return error.message;
  if (error instanceof FilexError) return error.code === 'INTERNAL' ? undefined : error.message;
  const where = host === undefined ? `port ${port}` : `port ${port} of ${host}`;
  switch (errnoOf(error)) {
    case 'EADDRINUSE':
      return `${where} is taken: another program listens there. Choose another with --port N, or any free one with --port 0`;
    case 'EACCES':
      return `${where} is not allowed for this user. Choose one from 1024 up with --port N`;
    case 'EADDRNOTAVAIL':
      return `${host} is not an address of this machine. Choose another with --host, or leave it out to listen on all`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `there is no address for the host name ${host}`;
    default:
      return undefined;
  }
}
