import { connections } from './connection.js';
import { decoder } from './decoder.js';
import { messages } from './messages.js';
import { paths } from './paths.js';
import type { Target } from './target.js';

export const targets: readonly Target[] = [decoder, messages, paths, ...connections];
