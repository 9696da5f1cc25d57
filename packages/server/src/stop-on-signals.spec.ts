import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { stopOnSignals } from './stop-on-signals.js';

function setUp(connections = 1) {
  const signals = new EventEmitter();
  const said: string[] = [];
  const calls: string[] = [];
  let drain!: () => void;
  const drained = new Promise<void>((resolve) => {
    drain = resolve;
  });
  const server = {
    connections,
    shutdown: () => {
      calls.push('shutdown');
      return drained;
    },
    destroy: async () => {
      calls.push('destroy');
      drain(); // nothing is left to wait for
    },
  };
  const stopped = stopOnSignals(server, signals as never, (message) => said.push(message));
  return { signals, said, calls, drain, stopped };
}

describe('stopOnSignals', () => {
  it('drains at the first signal', async () => {
    const { signals, said, calls, drain, stopped } = setUp(2);
    signals.emit('SIGTERM', 'SIGTERM');
    drain();
    expect(await stopped).toEqual({ exitCode: 0, forced: false });
    expect(calls).toEqual(['shutdown']);
    expect(said).toEqual(['stopping: waiting for 2 connections; once more forces it']);
    expect(signals.listenerCount('SIGTERM') + signals.listenerCount('SIGINT')).toBe(0);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('ends everything at the second, %s', async (second, exitCode) => {
    const { signals, said, calls, stopped } = setUp();
    signals.emit('SIGTERM', 'SIGTERM');
    signals.emit(second, second);
    expect(await stopped).toEqual({ exitCode, forced: true });
    expect(calls).toEqual(['shutdown', 'destroy']);
    expect(said.at(-1)).toBe('stopping now');
  });

  it('has nothing to wait for without connections', async () => {
    const { signals, said, drain, stopped } = setUp(0);
    signals.emit('SIGINT', 'SIGINT');
    drain();
    await stopped;
    expect(said).toEqual(['stopping']);
  });
});
