import type { LimitName } from '@filex/protocol/node';
import { amountForms, formatAmount, parseAmount } from './amount.js';
import { type LimitValues, limits } from './limit-table.js';

/** What is wrong with a limit that was given, in words that begin with its name. */
export class LimitFault extends Error {
  override readonly name = 'LimitFault';
}

/**
 * Reads limits as they are given: `name=value` texts (flags), such texts with commas between them (a variable), or an object
 * of values by name (the configuration file).
 * @throws LimitFault
 */
export function parseLimits(given: unknown): LimitValues {
  const values: Partial<Record<LimitName, number>> = {};
  for (const [name, value] of entriesOf(given)) {
    if (!isLimit(name))
      throw new LimitFault(`${JSON.stringify(name)} is not a limit; "filex-server limits" lists them`);
    values[name] = checkedValue(name, value);
  }
  return values;
}

function entriesOf(given: unknown): [name: string, value: unknown][] {
  if (typeof given === 'string') return given.split(',').map(entryOf);
  if (Array.isArray(given)) return given.flatMap((text) => entriesOf(String(text)));
  if (typeof given === 'object' && given !== null) return Object.entries(given);
  throw new LimitFault('must be an object such as {"maxConnections": 100}');
}

function entryOf(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 0) throw new LimitFault(`must be NAME=VALUE, not ${JSON.stringify(text)}`);
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function isLimit(name: string): name is LimitName {
  return Object.hasOwn(limits, name);
}

function checkedValue(name: LimitName, given: unknown): number {
  const { unit, floor, cap } = limits[name];
  const value = typeof given === 'string' || typeof given === 'number' ? parseAmount(given, unit) : undefined;
  if (value === undefined)
    throw new LimitFault(`${name} must be ${amountForms[unit]}, not ${JSON.stringify(given)}`);
  if (value >= floor && value <= cap) return value;
  const range =
    floor === cap
      ? `is ${formatAmount(floor, unit)} for every FileX, and cannot be changed`
      : `must be from ${formatAmount(floor, unit)} to ${formatAmount(cap, unit)}`;
  throw new LimitFault(`${name} ${range}, not ${JSON.stringify(given)}`);
}
