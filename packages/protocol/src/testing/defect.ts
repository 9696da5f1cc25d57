/** One place of the source, changed. */
export interface Defect {
  /** The class of the defect. */
  readonly name: string;
  readonly file: string;
  /** Must occur in the file exactly once; keep it as short as that allows. */
  readonly find: string;
  readonly replace: string;
}
