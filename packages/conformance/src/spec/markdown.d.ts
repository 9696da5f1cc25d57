/** The bundler and vitest give the text of the file. */
declare module '*.md' {
  const text: string;
  export default text;
}
