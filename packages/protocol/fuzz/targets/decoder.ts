import { clobber, concat, cut, hex } from '../../src/testing/bytes.js';
import { type DecoderLimits, FrameDecoder } from '../../src/wire/decoder.js';
import { frameName, frameScope } from '../../src/wire/frame.js';
import { messageSeeds, openingSeeds } from '../seeds.js';
import { cutOf, gist, insist, type Target } from './target.js';

/** So short that small inputs go beyond them. */
const limits: DecoderLimits = { maxDataPayload: 300, maxControlPayload: 200 };

/** What a decoder says to these pieces, DATA put together again. Each piece is overwritten once it was pushed. */
function decode(pieces: readonly Uint8Array[]): string[] {
  const said: string[] = [];
  const kept: [payload: Uint8Array, then: string][] = [];
  let chunk: Uint8Array = new Uint8Array(0);
  let data: Uint8Array[] = [];
  let arrived = 0;
  let over = false;
  const say = (word: string): void => {
    insist(!over, 'nothing follows a fault');
    if (data.length > 0) said.push(`data ${hex(concat(data))}`);
    data = [];
    said.push(word);
  };
  const decoder = new FrameDecoder(
    {
      onPreface: () => say('preface'),
      onDataHeader(stream, length) {
        insist(length > 0 && length <= limits.maxDataPayload, `DATA of ${length} bytes is judged`);
        insist(stream > 0, 'DATA is of a stream');
        say(`header ${stream} ${length}`);
      },
      onData(_stream, bytes) {
        insist(!over, 'nothing follows a fault');
        insist(bytes.length > 0 && bytes.buffer === chunk.buffer, 'data is a view of the chunk');
        data.push(Uint8Array.from(bytes));
      },
      onFrame(type, stream, payload) {
        insist(payload.length <= limits.maxControlPayload, `a payload of ${payload.length} bytes is judged`);
        const name = frameName(type);
        insist(name !== undefined, `type ${type} is known`);
        const scope = frameScope[name];
        insist(
          scope === 'both' || (scope === 'connection') === (stream === 0),
          `${name} on stream ${stream}`,
        );
        say(`frame ${type} ${stream} ${hex(payload)}`);
        if (payload.buffer !== chunk.buffer) kept.push([payload, hex(payload)]);
      },
      onFault(code, message, foreign) {
        say(`fault ${code} ${message} ${foreign}`);
        over = true;
      },
    },
    limits,
  );
  for (chunk of pieces) {
    arrived += chunk.length;
    decoder.push(chunk);
    const most = over ? 0 : Math.min(arrived, limits.maxControlPayload);
    insist(decoder.retained <= most, `${decoder.retained} bytes are kept where ${most} may be`);
    clobber(chunk);
  }
  for (const [payload, then] of kept) insist(hex(payload) === then, 'a payload stays as it was');
  if (!over) say(`end ${decoder.atBoundary}`);
  return said;
}

export const decoder: Target = {
  name: 'decoder',
  form: 'frames',
  maxLength: 2048,
  about: (file) => ['wire/decoder.ts', 'wire/frame.ts', 'wire/preface.ts'].includes(file),
  seeds: () => [...messageSeeds(), ...openingSeeds()],
  run(input, note) {
    const whole = decode([input.slice()]);
    for (const word of whole) note(word.startsWith('fault') ? gist(word) : (word.split(' ')[0] as string));
    const sizes = cutOf(input);
    const pieces = decode(cut(input, sizes));
    insist(pieces.join('\n') === whole.join('\n'), `cut by ${sizes.join(', ')} it is as it was whole`);
  },
};
