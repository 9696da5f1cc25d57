import markdown from '../../../protocol/PROTOCOL.md';
import { parseSpecification, type Rule } from './parse.js';

/** PROTOCOL.md, as it was when this package was built: the build puts its text in here. */
export const specification = parseSpecification(markdown);

const byId = new Map(specification.rules.map((rule) => [rule.id, rule]));

/** @throws Error when PROTOCOL.md has no rule of that id. */
export function ruleOf(id: string): Rule {
  const rule = byId.get(id);
  if (rule === undefined) throw new Error(`PROTOCOL.md has no rule ${id}`);
  return rule;
}

/** The name of a code by its number; its number in hexadecimal where it has none. */
export function codeName(number: number): string {
  const found = Object.entries(specification.codes).find(([, each]) => each === number);
  return found?.[0] ?? `0x${number.toString(16)}`;
}

/** @throws Error when there is none of that name. */
export function codeNumber(name: string): number {
  const number = specification.codes[name];
  if (number === undefined) throw new Error(`PROTOCOL.md has no code ${name}`);
  return number;
}
