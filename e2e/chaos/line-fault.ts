/** `up`: from the client to the server. */
export type Direction = 'up' | 'down';

/** When something happens to a connection: so many bytes were taken from one end, or it is so old. */
export type Moment =
  | { readonly direction: Direction; readonly bytes: number }
  | { readonly milliseconds: number };

/** What the network does to one connection. */
export type LineFault =
  /** Each piece takes so many milliseconds, drawn anew; the order stays. */
  | { readonly kind: 'delay'; readonly least: number; readonly most: number }
  | { readonly kind: 'rate'; readonly bytesPerSecond: number }
  /** For so many milliseconds nothing is taken or given in either direction, and nobody is told. */
  | { readonly kind: 'stall'; readonly after: Moment; readonly milliseconds: number }
  /** Both ends get an RST; what is under way is lost. */
  | { readonly kind: 'reset'; readonly after: Moment }
  /** Both ends get a FIN; what is under way is lost. */
  | { readonly kind: 'end'; readonly after: Moment }
  /** Exactly so many bytes get through, mostly a part of a frame; then the receiver gets a FIN and the sender an RST. */
  | { readonly kind: 'truncate'; readonly after: { readonly direction: Direction; readonly bytes: number } }
  /** The client gets an RST; the server is told nothing, so that it holds a dead connection while the client comes again. */
  | { readonly kind: 'half-open'; readonly after: Moment };

/** Those that end a connection. */
export type Cut = Extract<LineFault, { kind: 'reset' | 'end' | 'truncate' | 'half-open' }>['kind'];
