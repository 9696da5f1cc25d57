/**
 * Whether an id is meant by a pattern: `FX-4` is the chapter, `FX-4.2` the section, `FX-4.2-3` the rule, what begins with
 * one of these and `/` a case; `*` stands for anything.
 */
export function matchesPattern(pattern: string, id: string): boolean {
  if (pattern.includes('*')) {
    const source = pattern
      .split('*')
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*');
    return new RegExp(`^${source}$`).test(id);
  }
  return id === pattern || (id.startsWith(pattern) && /^[.\-/]/.test(id.slice(pattern.length)));
}
