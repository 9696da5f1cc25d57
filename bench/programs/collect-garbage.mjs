// node --expose-gc --import collect-garbage.mjs …: on SIGUSR2, collects all garbage there is.
process.on('SIGUSR2', () => globalThis.gc());
