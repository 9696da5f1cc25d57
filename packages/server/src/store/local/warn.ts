/** Told what is wrong beside the matter, for logs: nobody waits for it, nothing failed because of it. */
export type Warn = (message: string, details: Readonly<Record<string, unknown>>) => void;
