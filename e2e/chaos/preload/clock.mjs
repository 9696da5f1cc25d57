// Loaded before a program. The clock on its wall, never the monotonic one, jumps by CHAOS_JUMP milliseconds at each
// SIGUSR2, there and back.
const jump = Number(process.env.CHAOS_JUMP);
const RealDate = Date;
let offset = 0;

globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + offset);
    else super(...parts);
  }

  static now() {
    return RealDate.now() + offset;
  }
};

process.on('SIGUSR2', () => {
  offset = offset === 0 ? jump : 0;
});
