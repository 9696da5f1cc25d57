// A typedoc plugin. What must be documented is what has a name of its own; the members of a type that is only written down
// inside another (a row of a table such as `codes`, an event of a union) are explained where that one is.
import { Converter, ReflectionKind } from 'typedoc';

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_END, ({ project }) => {
    const inside = project
      .getReflectionsByKind(ReflectionKind.Property)
      .filter((property) => isInsideAnother(property) && !property.hasComment())
      .map((property) => property.getFriendlyFullName());
    app.options.setValue('intentionallyNotDocumented', [...new Set(inside)]);
  });
}

function isInsideAnother(property) {
  const literal = property.parent;
  if (!literal.kindOf(ReflectionKind.TypeLiteral)) return false;
  // typedoc passes over those of parameters by itself, and complains when it is told to.
  for (let at = literal; at !== undefined; at = at.parent)
    if (at.kindOf(ReflectionKind.Parameter)) return false;
  // `type Name = { … }` is as good as an interface.
  return literal.parent?.type?.declaration !== literal || !literal.parent.kindOf(ReflectionKind.TypeAlias);
}
