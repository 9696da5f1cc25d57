/** What needs sockets, to be loaded by what talks to a server: by name, so that of the rest nothing is loaded with it. */
export { connect, loadDigestProviders } from '@filex/protocol/node';
