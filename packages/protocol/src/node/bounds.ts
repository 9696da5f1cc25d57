/** Every bound of the TCP driver that cannot be configured, by name. Those that can are in `limits.ts` and `server/server-limits.ts`. */
import { HEADER_SIZE } from '../wire/frame.js';

const KiB = 1024;
const MiB = 1024 * KiB;

/** Bytes of a file that a pooled buffer takes: what is read from it at once, and sent as one DATA frame. */
export const SLAB_PAYLOAD = 512 * KiB;
/** Bytes of a pooled buffer: a whole such frame, header and all, so that it is sent by one write and received in one piece. */
export const SLAB_SIZE = HEADER_SIZE + SLAB_PAYLOAD;
/** Where a pooled buffer begins in memory of its own that begins with a page; see `allocateBuffer`. */
export const BUFFER_OFFSET = 2 * KiB;
/** From one slab to the next, in memory that several are cut from: so that all begin in the same way in their pages. */
export const SLAB_STRIDE = SLAB_PAYLOAD + 4 * KiB;
/** Slabs whose memory is got at once: more than 32 MiB, which allocators get from the system, and give back to it. */
export const SLABS_PER_CHUNK = 64;
/** Free slabs that are kept for the next use whatever happens; beyond, memory that none is used of is given back. */
export const MAX_FREE_SLABS = 64;
/** Bytes offered to a socket that is idle, so that idle connections cost little: a request of an ordinary length fits … */
export const IDLE_READ_SIZE = 512;
/** … and to one that is busy and gets no slab. */
export const SMALL_READ_SIZE = 16 * KiB;
/** Above this many slabs in use, files are sent in small pieces, and less of them at once. */
export const MANY_SLABS = 512;
/** Views smaller than this part of their slab are copied out, so that small data never pins large memory … */
export const PIN_FRACTION = 32;
/** … and smaller than this part, when more than this many slabs are in use. */
export const TIGHT_PIN_FRACTION = 4;
export const TIGHT_SLABS = 128;
/** Bytes given to the socket that it has not yet sent; senders wait above it. */
export const SOCKET_HIGH_WATER = 2 * MiB;
/** The same when there are too many slabs in use. */
export const SCARCE_HIGH_WATER = 64 * KiB;
/** Pooled buffers that wait in sockets for data; sockets beyond that get small ones. */
export const MAX_READING_SLABS = 48;
/** While so many slabs wait in sockets or hold what came and is not stored yet, no window of a server's connections grows, … */
export const MANY_RECEIVED_SLABS = 72;
/** … nor for so many milliseconds after that. */
export const CROWDED_REST = 1_000;
/** While there are so many, the rest of a slab is read into as well, if it has so many bytes. */
export const LEAST_READ_SIZE = 64 * KiB;
/** An event loop that is busy for so much of the time is what its connections wait for, however long their round trips seem … */
export const BUSY_LOOP = 0.85;
/** … to be over so many milliseconds. */
export const LOAD_INTERVAL = 100;
/** A piece shorter than this is copied to the one before it while that waits, so that tiny pieces cost no more than their bytes. */
export const SMALL_PIECE = 2 * KiB;
/** Bytes that such pieces are gathered up to. */
export const GATHERED_SIZE = 64 * KiB;
/** Pieces of files in memory, of one connection, that were read and not yet handed to its socket. */
export const MAX_TURNS = 8;
/** Writes of one file that may be in flight: while one ends, the thread that the others wait for has something to do. */
export const MAX_WRITES_IN_FLIGHT = 4;
/** Milliseconds a connection that has said goodbye waits for the other end to close. */
export const LINGER_TIMEOUT = 2_000;
/** Milliseconds a caller who gave up waits for the server to tell whether it happened all the same. */
export const CANCEL_TIMEOUT = 2_000;
/** An upload is made durable, and acknowledged, after this many bytes … */
export const SYNC_BYTES = 64 * MiB;
/** … or this many milliseconds, whichever comes first. */
export const SYNC_INTERVAL = 500;
/** Bytes of one page of a listing, about. */
export const PAGE_SIZE = 32 * KiB;
/** Milliseconds after which a listing page goes out although it is not full. */
export const PAGE_INTERVAL = 50;
/** Connections that are being told why they are refused; more are closed without a word. */
export const MAX_REFUSALS = 64;
/** Connections the kernel holds for a server that has not accepted them yet. */
export const LISTEN_BACKLOG = 1024;
/** The longest that a timer of Node can wait, in milliseconds. */
export const MAX_TIMER = 2 ** 31 - 1;
/** Milliseconds to connect and shake hands. */
export const CONNECT_TIMEOUT = 10_000;
/** Bytes per second that a session can be limited to, at least. */
export const MIN_BANDWIDTH = 1024;
/** Entries that a client takes of one listing, unless told otherwise. */
export const MAX_LISTING_ENTRIES = 10_000_000;
/** Attempts to connect again, in a row, unless told otherwise. */
export const RECONNECT_RETRIES = 30;
/** Milliseconds before the first of them … */
export const RECONNECT_MIN_DELAY = 500;
/** … and before any, at most. */
export const RECONNECT_MAX_DELAY = 30_000;
/** How often one operation is tried again after a failure that may be over soon. */
export const OPERATION_RETRIES = 3;
/** Names that a listing remembers, so that it can begin again without giving any twice; a longer one cannot. */
export const MAX_NAMES_GIVEN = 1_000_000;
/** How often an upload begins again because its file has changed between two attempts. */
export const MAX_NEW_BEGINNINGS = 3;
/** Bytes of a file that an operation must get further than ever before the attempts to connect again are counted anew: a block. */
export const PROGRESS_STEP = MiB;
/** Bytes of a file that is read, sent and written in one go, at most: above that, a piece of work would hold up all others. */
export const MAX_WHOLE_FILE = 64 * KiB;
/** Milliseconds of such work in one turn of the event loop; the rest waits for the next. */
export const WORK_SLICE = 2;
/** A piece of it that takes longer than these milliseconds has met something slow … */
export const LONG_WORK = 10;
/** … and for so many times as long as it took, such work is left to other threads. */
export const REST_FACTOR = 10;
