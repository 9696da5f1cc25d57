// What is given on a command line: sizes, counts, and how to say that one is wrong.
import { parseArgs } from 'node:util';

const units = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, kB: 1e3, MB: 1e6, GB: 1e9 };

/** @param {string} text such as 2GiB @returns {number | undefined} bytes */
export function bytesOf(text) {
  const [, number, unit = 'B'] = /^(\d+(?:\.\d+)?)\s*([kKMG]i?B|B)?$/.exec(text) ?? [];
  return number === undefined || units[unit] === undefined
    ? undefined
    : Math.round(Number(number) * units[unit]);
}

/** Ends the program with what is wrong and how it is used. */
function fail(message, usage) {
  process.stderr.write(`${message}\n\n${usage}\n`);
  process.exit(2);
}

/** The options of a program, or its end; `--help` is understood by all. */
export function parse(args, usage, options) {
  let given;
  try {
    given = parseArgs({ args, options: { ...options, help: { type: 'boolean', default: false } } }).values;
  } catch (error) {
    return fail(error.message, usage);
  }
  if (given.help) {
    console.log(usage);
    process.exit(0);
  }
  return {
    ...given,
    bytes: (name, otherwise) => {
      const text = given[name] ?? otherwise;
      return bytesOf(text) ?? fail(`--${name}: not a size: ${text}`, usage);
    },
    whole: (name, least, otherwise) => {
      const value = Number(given[name] ?? otherwise);
      if (Number.isInteger(value) && value >= least) return value;
      return fail(`--${name} is a whole number from ${least} on`, usage);
    },
    oneOf: (name, choices) => {
      if (given[name] === undefined || choices.includes(given[name])) return given[name];
      return fail(`--${name} is one of ${choices.join(', ')}`, usage);
    },
    pattern: (name) => (given[name] === undefined ? undefined : new RegExp(given[name])),
  };
}
