import fc from 'fast-check';

// Without this fast-check makes no list longer than ten items, whatever its `maxLength` says.
fc.configureGlobal({ defaultSizeToMaxWhenMaxSpecified: true });
