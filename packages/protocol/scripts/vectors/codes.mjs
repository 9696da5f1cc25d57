// codes.json: every number that a GOAWAY, RESET or RESULT may bring.

const known = [
  [0x00, 'OK', false],
  [0x01, 'BAD_PREFACE', false],
  [0x02, 'FRAME_TOO_LARGE', false],
  [0x03, 'FRAME_UNKNOWN', false],
  [0x04, 'FRAME_MALFORMED', false],
  [0x05, 'MESSAGE_MALFORMED', false],
  [0x06, 'STATE_VIOLATION', false],
  [0x07, 'CREDIT_EXCEEDED', false],
  [0x08, 'STREAM_LIMIT', false],
  [0x09, 'VERSION_UNSUPPORTED', false],
  [0x0a, 'AUTH_FAILED', false],
  [0x0b, 'TIMEOUT', true],
  [0x0c, 'RATE_LIMITED', true],
  [0x0d, 'SHUTTING_DOWN', true],
  [0x0e, 'TOO_MANY_CONNECTIONS', true],
  [0x0f, 'PLAINTEXT_REFUSED', false],
  [0x20, 'CANCELLED', false],
  [0x21, 'UNSUPPORTED', false],
  [0x22, 'PATH_INVALID', false],
  [0x23, 'NOT_FOUND', false],
  [0x24, 'PARENT_NOT_FOUND', false],
  [0x25, 'ALREADY_EXISTS', false],
  [0x26, 'NOT_A_DIRECTORY', false],
  [0x27, 'IS_A_DIRECTORY', false],
  [0x28, 'NOT_A_FILE', false],
  [0x29, 'NOT_EMPTY', false],
  [0x2a, 'PERMISSION_DENIED', false],
  [0x2b, 'NO_SPACE', true],
  [0x2c, 'TOO_LARGE', false],
  [0x2d, 'DIGEST_MISMATCH', true],
  [0x2e, 'LENGTH_MISMATCH', true],
  [0x2f, 'SOURCE_CHANGED', true],
  [0x30, 'PRECONDITION_FAILED', false],
  [0x31, 'BUSY', true],
  [0x32, 'IO_ERROR', true],
  [0x33, 'INTERNAL', true],
  [0x34, 'SUPERSEDED', false],
  [0x35, 'OPERATION_MISMATCH', false],
];

/** Numbers by name. */
export const codeNumbers = Object.fromEntries(known.map(([number, name]) => [name, number]));

export function codeVectors() {
  const hex = (number) => number.toString(16).padStart(4, '0');
  return [
    ...known.map(([number, code, retry]) => ({
      name: `known/${hex(number)}`,
      description: `The number 0x${hex(number)} is ${code}.`,
      rules: ['FX-16.1-1', 'FX-7.3-2'],
      number,
      code,
      retry,
    })),
    ...[0x10, 0x1f, 0x40, 0xff, 0x1234, 0xefff].map((number) => ({
      name: `unknown/${hex(number)}`,
      description: `The number 0x${hex(number)} has no meaning: some failure, and never OK.`,
      rules: ['FX-7.3-9'],
      number,
      code: 'UNKNOWN_CODE',
    })),
    ...[0xf000, 0xf001, 0xf002, 0xf003, 0xf004, 0xf005, 0xf006, 0xffff].map((number) => ({
      name: `local/${hex(number)}`,
      description: `The number 0x${hex(number)} does not travel: from a peer it is as good as unknown.`,
      rules: ['FX-16.1-2', 'FX-7.3-9'],
      number,
      code: 'UNKNOWN_CODE',
    })),
  ];
}
