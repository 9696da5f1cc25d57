// machines.json: the tables of states, typed from PROTOCOL.md. The transcripts of the other files are followed with
// them as well, so that a state that is said there is not the word of the code under test.

const abort = { C_ABORT: 'closed', S_ABORT: 'closed' };

const connectionEvents = [
  'C_HELLO',
  'S_HELLO',
  'C_AUTH',
  'S_AUTH_CONTINUE',
  'S_AUTH_SUCCESS',
  'C_OPEN',
  'C_TRAFFIC',
  'S_TRAFFIC',
  'C_GOAWAY',
  'S_GOAWAY',
  'C_ABORT',
  'S_ABORT',
];
const operationEvents = [
  'I_DATA',
  'I_END',
  'I_RESET',
  'R_ACCEPT',
  'R_DATA',
  'R_END',
  'R_ENTRY',
  'R_ACK',
  'R_SUCCESS',
  'R_FAILURE',
  'R_RESET',
];

const lastWord = { R_FAILURE: 'closed', R_RESET: 'closed' };
const answered = { R_SUCCESS: 'closed', ...lastWord };

export const machines = {
  connection: {
    idle: { C_HELLO: 'greeted', ...abort },
    greeted: { S_HELLO: 'negotiated', ...abort },
    negotiated: { C_AUTH: 'authenticating', ...abort },
    authenticating: { S_AUTH_CONTINUE: 'negotiated', S_AUTH_SUCCESS: 'open', ...abort },
    open: {
      C_OPEN: 'open',
      C_TRAFFIC: 'open',
      S_TRAFFIC: 'open',
      C_GOAWAY: 'draining',
      S_GOAWAY: 'draining',
      ...abort,
    },
    draining: {
      C_OPEN: 'draining',
      C_TRAFFIC: 'draining',
      S_TRAFFIC: 'draining',
      C_GOAWAY: 'draining',
      S_GOAWAY: 'draining',
      ...abort,
    },
    closed: {},
  },
  upload: {
    resuming: { I_RESET: 'cancelled', R_ACCEPT: 'accepted', ...lastWord },
    open: {
      I_DATA: 'open',
      I_END: 'sent',
      I_RESET: 'cancelled',
      R_ACCEPT: 'accepted',
      R_FAILURE: 'settled',
      R_RESET: 'settled',
    },
    accepted: {
      I_DATA: 'accepted',
      I_END: 'committing',
      I_RESET: 'cancelled',
      R_ACK: 'accepted',
      R_FAILURE: 'settled',
      R_RESET: 'settled',
    },
    sent: { I_RESET: 'withdrawn', R_ACCEPT: 'committing', ...answered },
    committing: { I_RESET: 'withdrawn', R_ACK: 'committing', ...answered },
    settled: { I_DATA: 'settled', I_END: 'closed', I_RESET: 'closed' },
    cancelled: { R_ACCEPT: 'cancelled', R_ACK: 'cancelled', ...lastWord },
    withdrawn: { R_ACCEPT: 'withdrawn', R_ACK: 'withdrawn', ...answered },
    closed: {},
  },
  download: {
    requested: { I_RESET: 'cancelled', R_ACCEPT: 'streaming', ...lastWord },
    streaming: { I_RESET: 'cancelled', R_DATA: 'streaming', R_END: 'ended', ...lastWord },
    ended: { I_RESET: 'cancelled', ...answered },
    cancelled: { R_ACCEPT: 'cancelled', R_DATA: 'cancelled', R_END: 'cancelled', ...answered },
    closed: {},
  },
  listing: {
    requested: { I_RESET: 'cancelled', R_ENTRY: 'requested', ...answered },
    cancelled: { R_ENTRY: 'cancelled', ...answered },
    closed: {},
  },
  call: {
    requested: { I_RESET: 'cancelled', ...answered },
    cancelled: { ...answered },
    closed: {},
  },
};

export const machineOf = {
  1: 'upload',
  2: 'download',
  3: 'listing',
  4: 'call',
  5: 'call',
  6: 'call',
  7: 'call',
  9: 'call',
};

const begins = {
  connection: ['idle'],
  upload: ['open', 'resuming'],
  download: ['requested'],
  listing: ['requested'],
  call: ['requested'],
};
const chapter = {
  connection: 'FX-6.1-1',
  upload: 'FX-7.2-7',
  download: 'FX-7.2-7',
  listing: 'FX-7.2-7',
  call: 'FX-7.2-7',
};

export function machineVectors() {
  const vectors = [];
  for (const [machine, states] of Object.entries(machines)) {
    const events = machine === 'connection' ? connectionEvents : operationEvents;
    for (const [state, next] of Object.entries(states)) {
      vectors.push({
        name: `${machine}/${state}`,
        description: begins[machine].includes(state)
          ? `What may happen in *${state}*, where it begins.`
          : `What may happen in *${state}*.`,
        rules: [
          chapter[machine],
          ...(machine === 'upload' && begins.upload.includes(state) ? ['FX-8.1-1'] : []),
        ],
        machine,
        state,
        initial: begins[machine].includes(state),
        next: Object.fromEntries(events.map((event) => [event, next[event] ?? null])),
      });
    }
  }
  return vectors;
}
