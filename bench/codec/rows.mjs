/**
 * What is measured. `frames` rows are those of the decoders beside each other: `payload` bytes in each frame, `cut` bytes in
 * each chunk, the floor is on FileX against the best of the others, and `rateFloor` on FileX alone, in GB/s. `own` rows are what FileX costs besides.
 */
const KiB64 = 65_536;
/** What a TCP segment carries over Ethernet with timestamps. */
const SEGMENT = 1448;
/** With the ten bytes of a FileX header they make a frame of 50; the others' headers have 1 to 12. */
const SMALL = 50 - 10;

/** The largest payload of DATA, and of a chunk what a receiver has read into one buffer. */
const MiB = 2 ** 20;
const SLAB = 2 ** 19;

export const rows = [
  { id: '1MiB-in-512KiB', title: '1 MiB frames, chunks of 512 KiB', payload: MiB, cut: SLAB, rateFloor: 10 },
  { id: '1MiB-in-64KiB', title: '1 MiB frames, chunks of 64 KiB', payload: MiB, cut: KiB64, rateFloor: 10 },
  { id: '64KiB-in-64KiB', title: '64 KiB frames, chunks of 64 KiB', payload: KiB64, cut: KiB64, floor: 3 },
  { id: '64KiB-in-1448', title: '64 KiB frames, chunks of 1448 B', payload: KiB64, cut: SEGMENT, floor: 3 },
  { id: '64KiB-uneven', title: '64 KiB frames, uneven chunks', payload: KiB64, cut: 'uneven', floor: 3 },
  { id: '50B-in-64KiB', title: '50 B frames, chunks of 64 KiB', payload: SMALL, cut: KiB64, floor: 1 },
  { id: '50B-in-1448', title: '50 B frames, chunks of 1448 B', payload: SMALL, cut: SEGMENT, floor: 1 },
  { id: '50B-uneven', title: '50 B frames, uneven chunks', payload: SMALL, cut: 'uneven', floor: 1 },
  { id: '50B-payload', title: '50 B of payload, chunks of 64 KiB', payload: 50, cut: KiB64, floor: 1 },
  { id: '4KiB-in-64KiB', title: '4 KiB frames, chunks of 64 KiB', payload: 4096, cut: KiB64 },
  { id: 'own', title: 'What FileX costs besides', own: true },
];
