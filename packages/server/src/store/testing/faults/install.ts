// For its effect: imported before everything that calls the file system.
import { install } from './patch.js';

await install();
