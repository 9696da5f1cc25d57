// Transcripts: what an end, the reader of a vector, hears and does, step by step, and what must come of it.
import { codeNumbers } from './codes.mjs';
import { machineOf, machines } from './machines.mjs';
import { message, notation, PREFACE, types, words } from './writer.mjs';

const nonce = { reader: '11'.repeat(32), peer: '22'.repeat(32) };

/** What the reader offers, unless a vector says otherwise. */
export const readerOffer = {
  digests: ['sha256'],
  capabilities: [],
  maxDataPayload: 16_384,
  maxStreams: 4,
  streamWindow: 10_000,
  connectionWindow: 20_000,
  mechanisms: ['ANONYMOUS'],
  nonce: nonce.reader,
};

/** What the peer offers, as the fields of its HELLO. */
const peerOffer = {
  versions: [1],
  capabilities: [],
  digests: [1],
  maxDataPayload: 16_384,
  maxStreams: 4,
  streamWindow: 10_000,
  connectionWindow: 20_000,
  nonce: nonce.peer,
  agent: 'peer/1',
};

/** HELLO of the peer of a client or a server. */
export function peerHello(reader, change = {}) {
  const mechanisms = reader === 'client' ? ['ANONYMOUS'] : undefined;
  return message('HELLO', 0, { ...peerOffer, mechanisms, ...change });
}

/** HELLO of the reader. */
export function readerHello(reader, offer) {
  const { digests, mechanisms, ...rest } = offer;
  return message('HELLO', 0, {
    ...rest,
    versions: [1],
    digests: digests.map((name) => words.algorithm.indexOf(name)),
    ...(reader === 'server' && mechanisms.length > 0 ? { mechanisms } : {}),
  });
}

/** GOAWAY as the reader sends it, without its reason. */
export const goAway = (code, lastStream) => message('GOAWAY', 0, { code: codeNumbers[code], lastStream });

/** Fields by tag, of a sound payload. */
function fieldsOf(payload) {
  const fields = new Map();
  for (let at = 0; at < payload.length; ) {
    const length = Number.parseInt(payload.slice(at + 4, at + 8), 16) * 2;
    fields.set(Number.parseInt(payload.slice(at, at + 4), 16), payload.slice(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return fields;
}

const nameOf = Object.fromEntries(Object.entries(types).map(([name, type]) => [type, name]));

class Transcript {
  constructor(reader, offer = readerOffer) {
    this.reader = reader;
    this.offer = offer;
    this.prelude = undefined;
    this.steps = [];
    this.state = 'idle';
    this.streams = new Map();
    this.lastStream = 0;
    this.greeted = { own: false, peer: false };
    this.rest = { own: '', peer: '' };
    this.skip = { own: 0, peer: 0 };
  }

  /** A transcript that goes on where `prelude` ended. */
  static after(name, prelude) {
    const next = new Transcript(prelude.reader, prelude.offer);
    next.prelude = name;
    next.state = prelude.state;
    next.streams = new Map([...prelude.streams].map(([id, stream]) => [id, { ...stream }]));
    next.lastStream = prelude.lastStream;
    next.greeted = { ...prelude.greeted };
    next.rest = { ...prelude.rest };
    next.skip = { ...prelude.skip };
    return next;
  }

  /** The peer sends these bytes. */
  receive(bytes, expected = {}) {
    return this.#step({ receive: notation(bytes) }, bytes, expected);
  }

  /** The program above the reader does something. */
  do(action, expected = {}) {
    return this.#step({ do: action }, '', expected);
  }

  /** Time passes, in milliseconds. */
  wait(milliseconds, expected = {}) {
    return this.#step({ wait: milliseconds }, '', expected);
  }

  #step(what, bytes, { events = [], send = '', fault, hold, maySend, granted, grantedAtMost, last }) {
    let sent = send;
    const all = [...events];
    if (fault === undefined) {
      this.#hear('peer', bytes);
    } else {
      if (last !== undefined) this.lastStream = last;
      all.push({ event: 'fault', code: fault });
      // A server that was not greeted has not sent its preface yet; a peer of another protocol is told nothing.
      if (fault !== 'BAD_PREFACE') {
        if (!this.greeted.own) sent += PREFACE;
        sent += goAway(fault, this.lastStream);
      }
    }
    this.#hear('own', sent);
    if (fault !== undefined) {
      this.state = 'closed';
      this.streams.clear();
    }
    const streams = Object.fromEntries(
      [...this.streams].filter(([, { state }]) => state !== 'closed').map(([id, { state }]) => [id, state]),
    );
    this.steps.push({
      ...what,
      ...(hold === undefined ? {} : { hold }),
      ...(all.length === 0 ? {} : { events: all }),
      ...(sent === '' ? {} : { send: notation(sent) }),
      ...(maySend === undefined ? {} : { maySend }),
      ...(granted === undefined ? {} : { granted }),
      ...(grantedAtMost === undefined ? {} : { grantedAtMost }),
      state: this.state,
      ...(Object.keys(streams).length === 0 ? {} : { streams }),
    });
    return this;
  }

  /** Follows what one side sent through the tables. */
  #hear(side, bytes) {
    const under = Math.min(this.skip[side], bytes.length);
    this.skip[side] -= under;
    let rest = this.rest[side] + bytes.slice(under);
    if (!this.greeted[side] && rest.startsWith(PREFACE)) {
      this.greeted[side] = true;
      rest = rest.slice(PREFACE.length);
    }
    while (this.greeted[side] && rest.length >= 20) {
      const length = 2 * Number.parseInt(rest.slice(0, 8), 16);
      const type = Number.parseInt(rest.slice(8, 10), 16);
      const payload = rest.slice(20, 20 + length);
      // The header of DATA counts at once; its bytes may be still to come.
      if (payload.length < length && type !== types.DATA) break;
      this.#apply(side, type, Number.parseInt(rest.slice(12, 20), 16), payload);
      this.skip[side] = length - payload.length;
      rest = rest.slice(20 + payload.length);
    }
    this.rest[side] = rest;
  }

  #apply(side, type, stream, payload) {
    if (this.state === 'closed' || type >= 0x80) return;
    const name = nameOf[type];
    const client = (this.reader === 'client') === (side === 'own');
    const by = client ? 'C' : 'S';
    const fields = type === types.DATA ? new Map() : fieldsOf(payload);
    const number = (tag) => Number.parseInt(fields.get(tag), 16);
    const move = (event) => {
      const next = machines.connection[this.state][event];
      if (next === undefined) throw new Error(`${event} in ${this.state}`);
      this.state = next;
    };
    switch (name) {
      case 'HELLO':
        return move(`${by}_HELLO`);
      case 'AUTH':
        return move(client ? 'C_AUTH' : number(6) === 1 ? 'S_AUTH_SUCCESS' : 'S_AUTH_CONTINUE');
      case 'GOAWAY':
        move(number(2) === 0 && ['open', 'draining'].includes(this.state) ? `${by}_GOAWAY` : `${by}_ABORT`);
        if (this.state === 'closed') this.streams.clear();
        return;
      case 'OPEN': {
        move('C_OPEN');
        const machine = machineOf[number(2)] ?? 'call';
        const state =
          machine === 'upload' ? (fields.has(26) && number(26) > 0 ? 'resuming' : 'open') : 'requested';
        this.streams.set(stream, { machine, state });
        this.lastStream = stream;
        return;
      }
      default:
        move(`${by}_TRAFFIC`);
    }
    if (stream === 0 || name === 'CREDIT') return;
    const record = this.streams.get(stream);
    if (record === undefined || (record.state === 'closed' && name === 'RESET')) return;
    const event =
      name === 'RESULT' ? (number(2) === 0 ? 'R_SUCCESS' : 'R_FAILURE') : `${client ? 'I' : 'R'}_${name}`;
    const next = machines[record.machine][record.state][event];
    if (next === undefined) throw new Error(`${event} in ${record.machine} ${record.state}`);
    record.state = next;
  }
}

/** Names transcripts and their beginnings, for one file. */
export class TranscriptFile {
  constructor() {
    this.preludes = {};
    this.vectors = [];
    this.kept = {};
  }

  /** Keeps the transcript as a beginning for others. */
  prelude(name, description, transcript) {
    this.kept[name] = transcript;
    this.preludes[name] = {
      description,
      reader: transcript.reader,
      offer: transcript.offer,
      steps:
        transcript.prelude === undefined
          ? transcript.steps
          : [...this.preludes[transcript.prelude].steps, ...transcript.steps],
    };
  }

  after(name) {
    return Transcript.after(name, this.kept[name]);
  }

  add(name, description, rules, transcript, more = {}) {
    if (transcript.reader === undefined) throw new Error(name);
    this.vectors.push({
      name,
      description,
      rules,
      ...more,
      ...(transcript.prelude === undefined
        ? { reader: transcript.reader, offer: transcript.offer }
        : { after: transcript.prelude }),
      steps: transcript.steps,
    });
  }

  /** The beginnings that most vectors share. */
  standard() {
    for (const reader of ['client', 'server']) {
      this.prelude(
        `${reader}-negotiated`,
        reader === 'client' ? 'A client that was greeted.' : 'A server that has greeted.',
        greeted(reader),
      );
      const authenticating = this.after(`${reader}-negotiated`);
      if (reader === 'client') {
        authenticating.do(
          { action: 'authenticate', mechanism: 'ANONYMOUS' },
          { send: message('AUTH', 0, { mechanism: 'ANONYMOUS' }) },
        );
      } else {
        authenticating.receive(message('AUTH', 0, { mechanism: 'ANONYMOUS' }), {
          events: [{ event: 'auth', mechanism: 'ANONYMOUS' }],
        });
      }
      this.prelude(
        `${reader}-authenticating`,
        'The client has said AUTH, the server not yet.',
        authenticating,
      );
      this.prelude(
        `${reader}-open`,
        'The connection is open.',
        opened(this.after(`${reader}-authenticating`)),
      );
    }
  }

  /** A connection that is open, with other offers. */
  open(name, description, reader, { offer = {}, peer = {} }) {
    const transcript = greeted(reader, { ...readerOffer, ...offer }, peer);
    const auth = message('AUTH', 0, { mechanism: 'ANONYMOUS' });
    if (reader === 'client')
      transcript.do({ action: 'authenticate', mechanism: 'ANONYMOUS' }, { send: auth });
    else transcript.receive(auth, { events: [{ event: 'auth', mechanism: 'ANONYMOUS' }] });
    this.prelude(name, description, opened(transcript));
  }
}

function opened(transcript) {
  const success = message('AUTH', 0, { step: 'success', principal: 'anonymous' });
  const events = [{ event: 'ready', principal: 'anonymous' }];
  return transcript.reader === 'client'
    ? transcript.receive(success, { events })
    : transcript.do({ action: 'authenticated', principal: 'anonymous' }, { send: success, events });
}

/** A client after `connect`, with its preface and HELLO out; a server before anything. */
export function fresh(reader, offer = readerOffer) {
  const transcript = new Transcript(reader, offer);
  if (reader === 'client') {
    transcript.do({ action: 'connect' }, { send: PREFACE + readerHello(reader, offer) });
  }
  return transcript;
}

/** The event that tells of what both HELLOs settled. */
export function negotiated(reader, peer = {}, result = {}) {
  const hello = { ...peerOffer, ...peer };
  return {
    event: 'negotiated',
    algorithm: 'sha256',
    capabilities: [],
    ...(reader === 'client' ? { mechanisms: hello.mechanisms ?? ['ANONYMOUS'] } : {}),
    agent: hello.agent ?? '',
    ...result,
  };
}

/** Both HELLOs passed. */
export function greeted(reader, offer = readerOffer, peer = {}, result = {}) {
  const transcript = fresh(reader, offer);
  return transcript.receive(PREFACE + peerHello(reader, peer), {
    events: [negotiated(reader, peer, result)],
    ...(reader === 'server' ? { send: PREFACE + readerHello(reader, offer) } : {}),
  });
}
