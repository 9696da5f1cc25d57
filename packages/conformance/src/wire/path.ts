import { specification } from '../spec/specification.js';

/** What is wrong with a path, with the rule it breaks; undefined when it is sound. The root is not written at all. */
export function pathFault(bytes: Buffer): { rule: string; message: string } | undefined {
  const text = bytes.toString('latin1');
  const limit = (name: string): number => specification.limits[name]?.cap as number;
  const segments = text.split('/');
  if (text.includes('\0')) return { rule: 'FX-15.1-4', message: 'contains NUL' };
  if (segments.includes('')) return { rule: 'FX-15.1-2', message: 'has an empty segment' };
  if (segments.includes('.') || segments.includes('..'))
    return { rule: 'FX-15.1-3', message: 'has a segment . or ..' };
  if (bytes.length > limit('maxPathBytes'))
    return { rule: 'FX-15.1-5', message: `has ${bytes.length} bytes` };
  if (segments.some((segment) => segment.length > limit('maxSegmentBytes')))
    return { rule: 'FX-15.1-5', message: 'has a segment that is too long' };
  return undefined;
}
