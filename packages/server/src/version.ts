import manifest from '../package.json' with { type: 'json' };

export const VERSION: string = manifest.version;

/** What clients see in answer to theirs. */
export const AGENT = `${manifest.name}/${manifest.version}`;
