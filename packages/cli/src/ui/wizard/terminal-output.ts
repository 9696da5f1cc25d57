import type { Output } from '../../io.js';

const ESCAPE = String.fromCharCode(27);
const colorSequence = new RegExp(`${ESCAPE}\\[[\\d;]*m`, 'g');

/** Where @clack/prompts draws. On Node 20 it always colours; where that is not wanted the colours are taken out again. */
export function terminalOutput(stream: Output, colors: boolean): Output {
  if (colors) return stream;
  return new Proxy(stream, {
    get: (target, key) => {
      if (key === 'write') return (text: unknown) => target.write(String(text).replace(colorSequence, ''));
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
