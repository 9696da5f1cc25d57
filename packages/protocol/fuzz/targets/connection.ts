import { concat } from '../../src/testing/bytes.js';
import { rawFrame } from '../../src/testing/frames.js';
import { PREFACE } from '../../src/wire/preface.js';
import { cues, type Parts, splitParts } from '../inputs.js';
import { Program, type Role } from '../program.js';
import { clientSeeds, freshSeeds, serverSeeds } from '../seeds.js';
import { cutOf, insist, type Target } from './target.js';

/** Runs the input once: frames for the connection are joined until a cue comes. */
function play(program: Program, parts: Parts, sizes: readonly number[] | undefined): string[] {
  let heard: Uint8Array[] = parts.preface ? [PREFACE] : [];
  const flush = (): void => {
    if (heard.length > 0) program.hear(concat(heard), sizes, true);
    heard = [];
  };
  for (const { type, flags, stream, payload } of parts.frames) {
    if (type === cues.act || type === cues.pass || type === cues.take) {
      flush();
      if (type === cues.act) program.act(payload);
      else if (type === cues.pass) program.pass(payload);
      else program.take(payload);
    } else {
      heard.push(rawFrame(type, stream, payload, flags));
    }
  }
  flush();
  if (parts.rest.length > 0) program.hear(parts.rest, sizes, false);
  program.finish();
  return program.log;
}

function connection(role: Role, open: boolean, seeds: () => Uint8Array[]): Target {
  return {
    name: open ? role : `${role}-handshake`,
    form: 'frames',
    maxLength: open ? 24_576 : 2048,
    about: (file) => /^(connection|machine)\//.test(file),
    seeds,
    run(input, note) {
      const parts = splitParts(input);
      const whole = play(new Program(role, open, note), parts, undefined);
      const sizes = cutOf(input);
      const pieces = play(new Program(role, open, () => undefined), parts, sizes);
      const i = whole.findIndex((words, at) => words !== pieces[at]);
      insist(
        i < 0 && pieces.length === whole.length,
        `cut by ${sizes.join(', ')} it is as it was whole: ${pieces[i]?.slice(0, 200)} for ${whole[i]?.slice(0, 200)}`,
      );
    },
  };
}

/** Connections of both roles, from the first byte on and after the handshake. */
export const connections: readonly Target[] = [
  connection('client', false, () => freshSeeds('client')),
  connection('server', false, () => freshSeeds('server')),
  connection('client', true, clientSeeds),
  connection('server', true, serverSeeds),
];
