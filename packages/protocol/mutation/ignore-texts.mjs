// Leaves out of mutation testing what only people read: the texts of errors and faults. Nothing decides by them.
const errors = new Set(['FieldFault', 'LocalProtocolError', 'FilexError', 'RangeError']);

/** Whether it is an argument of `new SomeError(…)` or the text of `this.#fault(code, text)`. */
function isText(path) {
  if (!path.isStringLiteral() && !path.isTemplateLiteral()) return false;
  const { parent, key } = path;
  if (parent.type === 'NewExpression') return errors.has(parent.callee.name);
  const name = parent.type === 'CallExpression' ? parent.callee.property : undefined;
  return name?.type === 'PrivateName' && name.id.name === 'fault' && key === 1;
}

export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'texts',
    value: { shouldIgnore: (path) => (isText(path) ? 'a text for people' : undefined) },
  },
];
