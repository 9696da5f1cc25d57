import type { Context } from '../context.js';
export async function wizard(context: Context): Promise<number> {
  context.note('x');
  return 0;
}
