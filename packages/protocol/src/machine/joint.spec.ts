import { describe, expect, it } from 'vitest';
import { type OperationEvent, operationEvents } from './events.js';
import {
  initialStates,
  type MachineName,
  type OperationState,
  operationTables,
  stepOperation,
} from './operation.js';

/**
 * Every state that two honest ends and the frames between them can be in. An end sends whatever its own table allows,
 * whenever it likes, as far as the rules of PROTOCOL.md let it; the other hears it later, in order. From this follows
 * what no single table shows: that frames that cross never look like a violation, and that nobody waits for ever.
 */
interface Joint {
  readonly initiator: OperationState;
  readonly responder: OperationState;
  /** Under way, oldest first. */
  readonly toResponder: readonly OperationEvent[];
  readonly toInitiator: readonly OperationEvent[];
}

/** How many frames of one direction are under way at most; more of them repeat what fewer have shown. */
const UNDER_WAY = 4;

const giveUp: readonly string[] = ['settled', 'cancelled', 'withdrawn'];

/** What an honest end does in a state, of what its table allows. */
function sends(role: 'I' | 'R', machine: MachineName, state: OperationState): readonly OperationEvent[] {
  const allowed = operationEvents.filter(
    (event) => event.startsWith(role) && stepOperation(machine, state, event) !== undefined,
  );
  // Once somebody gave up nobody sends more of the file; a responder answers, an initiator that was refused says so.
  if (giveUp.includes(state)) {
    return allowed.filter((event) => ['I_RESET', 'R_SUCCESS', 'R_FAILURE', 'R_RESET'].includes(event));
  }
  return allowed;
}

function* successors(machine: MachineName, joint: Joint): Generator<Joint> {
  if (joint.toResponder.length < UNDER_WAY) {
    for (const event of sends('I', machine, joint.initiator)) {
      const initiator = stepOperation(machine, joint.initiator, event) as OperationState;
      yield { ...joint, initiator, toResponder: [...joint.toResponder, event] };
    }
  }
  if (joint.toInitiator.length < UNDER_WAY) {
    for (const event of sends('R', machine, joint.responder)) {
      const responder = stepOperation(machine, joint.responder, event) as OperationState;
      yield { ...joint, responder, toInitiator: [...joint.toInitiator, event] };
    }
  }
  const [heardByResponder, ...toResponder] = joint.toResponder;
  if (heardByResponder !== undefined) {
    const responder = hear(machine, joint.responder, heardByResponder, joint);
    yield { ...joint, responder, toResponder };
  }
  const [heardByInitiator, ...toInitiator] = joint.toInitiator;
  if (heardByInitiator !== undefined) {
    const initiator = hear(machine, joint.initiator, heardByInitiator, joint);
    // An initiator that is refused while it sends says at once that it stopped.
    if (initiator === 'settled') {
      yield { ...joint, initiator: 'closed', toInitiator, toResponder: [...joint.toResponder, 'I_RESET'] };
    } else {
      yield { ...joint, initiator, toInitiator };
    }
  }
}

function hear(
  machine: MachineName,
  state: OperationState,
  event: OperationEvent,
  joint: Joint,
): OperationState {
  // A RESET may cross the RESULT that ended the stream.
  if (state === 'closed' && event === 'I_RESET') return state;
  const next = stepOperation(machine, state, event);
  if (next === undefined) throw new Error(`${event} is a violation in ${JSON.stringify(joint)}`);
  return next;
}

function explore(machine: MachineName): Map<string, { joint: Joint; next: string[] }> {
  const found = new Map<string, { joint: Joint; next: string[] }>();
  const todo: Joint[] = initialStates[machine].map((initial) => ({
    initiator: initial,
    responder: initial,
    toResponder: [],
    toInitiator: [],
  }));
  for (let joint = todo.pop(); joint !== undefined; joint = todo.pop()) {
    const key = JSON.stringify(joint);
    if (found.has(key)) continue;
    const next = [...successors(machine, joint)];
    found.set(key, { joint, next: next.map((each) => JSON.stringify(each)) });
    todo.push(...next);
  }
  return found;
}

const over = ({ initiator, responder, toResponder, toInitiator }: Joint): boolean =>
  initiator === 'closed' && responder === 'closed' && toResponder.length === 0 && toInitiator.length === 0;

describe.each(Object.keys(operationTables) as MachineName[])(
  'both ends of %s, with frames under way',
  (machine) => {
    const found = explore(machine); // Throws at the first frame that would be taken for a violation.

    it('use every state of the table on both ends', () => {
      const joints = [...found.values()].map(({ joint }) => joint);
      expect(joints.length).toBeGreaterThan(10);
      const states = Object.keys(operationTables[machine]);
      expect(new Set(joints.map(({ responder }) => responder))).toEqual(new Set(states));
      // "settled" is where an initiator hears a refusal: it leaves at once.
      expect(new Set(joints.map(({ initiator }) => initiator))).toEqual(
        new Set(states.filter((state) => state !== 'settled')),
      );
    });

    it('can always come to an end, and stop only there', () => {
      const ends = new Set([...found].filter(([, { joint }]) => over(joint)).map(([key]) => key));
      expect(ends.size).toBeGreaterThan(0);
      const before = new Map<string, string[]>();
      for (const [key, { joint, next }] of found) {
        if (next.length === 0) expect(over(joint), key).toBe(true);
        for (const each of next) before.set(each, [...(before.get(each) ?? []), key]);
      }
      const finishing = new Set(ends);
      for (const key of finishing) for (const each of before.get(key) ?? []) finishing.add(each);
      expect(finishing.size).toBe(found.size);
    });

    it('say nothing after a success', () => {
      for (const { joint } of found.values()) {
        if (!joint.toInitiator.includes('R_SUCCESS')) continue;
        expect(joint.responder).toBe('closed');
        expect(joint.toInitiator.at(-1)).toBe('R_SUCCESS');
      }
    });
  },
);
