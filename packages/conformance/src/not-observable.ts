/** Rules that nobody can observe from the other end of a connection, each with the reason. */
export const notObservable: Readonly<Record<string, string>> = {};
