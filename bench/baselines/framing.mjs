// The wire of the bare pair, per file: u16 name length, u48 size, name, content, 32-byte tree digest. A name length of
// zero ends it; the receiver then answers with how many files it has on disk, as u32. Nothing else: no negotiation, no
// credit, no staging, no errors told. What it has in common with FileX is the digest and that every byte is checked.
export const HEADER = 8;
export const DIGEST = 32;
export const ANSWER = 4;

/** Bytes of one buffer on its way from the disk to the socket. */
export const SEND_SLAB = 1024 * 1024;
/** Bytes of one buffer on its way from the socket to the disk. */
export const RECEIVE_SLAB = 512 * 1024;
/** Slabs on their way at once; more gains nothing. */
export const IN_FLIGHT = 4;
/** Files up to this size are read and written by synchronous calls, which cost a fraction of the others. */
export const SMALL = 64 * 1024;
