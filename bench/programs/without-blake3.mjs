// node --import without-blake3.mjs …: a machine where the optional native digest is not installed.
import { register } from 'node:module';

const hooks = `
  export function resolve(specifier, context, next) {
    if (specifier === '@napi-rs/blake-hash') throw new Error('left out for this measurement');
    return next(specifier, context);
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
