import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { fakeProcess } from '../testing/fake-io.js';
import { quietInput } from './quiet-input.js';

function terminal() {
  const modes: boolean[] = [];
  const interrupts: string[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (mode: boolean) => modes.push(mode),
  });
  const { io } = fakeProcess();
  return { io: { ...io, stdin, interrupt: () => void interrupts.push('') }, stdin, modes, interrupts };
}

describe('input that nobody asked for', () => {
  it('is swallowed, and the terminal is given back, once', async () => {
    const { io, stdin, modes } = terminal();
    const end = quietInput(io);
    const arrived = once(stdin, 'data');
    stdin.write('typed ahead');
    await arrived;
    end();
    end();
    expect(modes).toEqual([true, false]);
    expect([stdin.listenerCount('data'), stdin.isPaused(), stdin.readableLength]).toEqual([0, true, 0]);
  });

  it('still interrupts with Ctrl-C', async () => {
    const { io, stdin, interrupts } = terminal();
    const end = quietInput(io);
    const arrived = once(stdin, 'data');
    stdin.write('ab\x03');
    await arrived;
    expect(interrupts).toHaveLength(1);
    end();
  });

  it('is left alone when it is no terminal', () => {
    const { io, stdin } = terminal();
    quietInput({ ...io, stdin: Object.assign(stdin, { isTTY: false }) })();
    expect(stdin.listenerCount('data')).toBe(0);
  });
});
