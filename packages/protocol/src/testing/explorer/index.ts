/** What `scripts/explore.mjs` runs, and what `explorer.spec.ts` loads once more for each mutant. */
export { subjects } from './all-models.js';
export { explore } from './explore.js';
export { journalModel } from './journal/journal-model.js';
export { uploadModel } from './upload-model.js';
