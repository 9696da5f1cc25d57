/** How clients get to a server that listens, and who can log in: what a worker tells the primary once it listens. */
export interface Reached {
  readonly urls: readonly string[];
  readonly plaintextUrls: readonly string[];
  readonly fingerprint: string | undefined;
  readonly port: number;
  /** By name. */
  readonly users: readonly string[];
}
