import { FilexError } from '@filex/protocol';

/** A quota does not allow it. Its message names the limit and no path. */
export class QuotaExceeded extends FilexError {}
