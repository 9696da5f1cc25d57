// urls.json: addresses, taken apart.

export function urlVectors() {
  const vectors = [];
  const valid = (name, description, rules, url, parts) =>
    vectors.push({
      name: `valid/${name}`,
      description,
      rules,
      url,
      parts: { scheme: 'filex+tcp', host: 'example', port: 12345, path: '', folder: false, ...parts },
    });
  const invalid = (name, description, rules, url) =>
    vectors.push({ name: `invalid/${name}`, description, rules, url, error: 'URL_INVALID' });

  valid(
    'host',
    'Nothing but a host: the root, the default port.',
    ['FX-2.2-2', 'FX-2.2-3'],
    'filex+tcp://example',
    {},
  );
  valid('root', 'The root, with a slash.', ['FX-2.2-3'], 'filex+tcp://example/', { folder: true });
  valid('port', 'A port.', ['FX-2.2-2'], 'filex+tcp://example:1/', { port: 1, folder: true });
  valid('highest-port', 'The highest port.', ['FX-2.2-2'], 'filex+tcp://example:65535', { port: 65_535 });
  valid('file', 'A file.', ['FX-2.2-3'], 'filex+tcp://example/a/b', { path: 'a/b' });
  valid('folder', 'A folder.', ['FX-2.2-3'], 'filex+tcp://example/a/b/', { path: 'a/b', folder: true });
  valid(
    'more-slashes',
    'Slashes at both ends are not part of the path.',
    ['FX-2.2-3'],
    'filex+tcp://example//a//',
    {
      path: 'a',
      folder: true,
    },
  );
  valid(
    'escaped',
    '%xx are bytes of UTF-8, in either case.',
    ['FX-2.2-1'],
    'filex+tcp://example/a%20b%C3%a9',
    {
      path: 'a b\u00e9',
    },
  );
  valid(
    'escaped-special',
    'The three characters that are written escaped.',
    ['FX-2.2-1'],
    'filex+tcp://example/%25%3F%23',
    {
      path: '%?#',
    },
  );
  valid(
    'unescaped',
    'Any other character stands for itself.',
    ['FX-2.2-1'],
    'filex+tcp://example/a b+c=d&e;\u00e9\u{1f600}',
    {
      path: 'a b+c=d&e;\u00e9\u{1f600}',
    },
  );
  valid('plus', '"+" is not a space.', ['FX-2.2-1'], 'filex+tcp://example/a+b', { path: 'a+b' });
  valid('colon-in-path', 'A colon and an "@" in the path.', ['FX-2.2-1'], 'filex+tcp://example/a:b@c', {
    path: 'a:b@c',
  });
  valid('ipv4', 'An IPv4 address.', ['FX-2.2-2'], 'filex+tcp://127.0.0.1:80/a', {
    host: '127.0.0.1',
    port: 80,
    path: 'a',
  });
  valid('ipv6', 'An IPv6 address in brackets.', ['FX-2.2-2'], 'filex+tcp://[::1]/a', {
    host: '::1',
    path: 'a',
  });
  valid('ipv6-port', 'An IPv6 address with a port.', ['FX-2.2-2'], 'filex+tcp://[2001:db8::7]:4000/', {
    host: '2001:db8::7',
    port: 4000,
    folder: true,
  });
  valid('tls', 'FileX inside TLS.', ['FX-2.1-3'], 'filex://example/a', { scheme: 'filex', path: 'a' });
  valid('user', 'A user.', ['FX-2.2-1'], 'filex://ann@example/a', {
    scheme: 'filex',
    user: 'ann',
    path: 'a',
  });
  valid('user-plaintext', 'A user of a server without TLS.', ['FX-2.2-1'], 'filex+tcp://ann@example/a', {
    user: 'ann',
    path: 'a',
  });
  valid('user-empty', 'An empty user is none.', ['FX-2.2-1'], 'filex://@example/a', {
    scheme: 'filex',
    path: 'a',
  });
  valid('user-escaped', 'A user with an escaped "@".', ['FX-2.2-1'], 'filex://ann%40home@example', {
    scheme: 'filex',
    user: 'ann@home',
  });
  // 32 bytes in base64url, without padding, with both of its special characters.
  const fingerprint = 'sha256:-_8REREREREREREREREREREREREREREREREREREREREQ'.slice(0, 50);
  valid('fingerprint', 'The fingerprint of the key.', ['FX-2.2-5'], `filex://example/a?fp=${fingerprint}`, {
    scheme: 'filex',
    path: 'a',
    fingerprint,
  });
  valid('port-empty', 'An empty port is the default port.', ['FX-2.2-2'], 'filex+tcp://example:/a', {
    path: 'a',
  });
  valid('ipv6-zone', 'An IPv6 address with its zone.', ['FX-2.2-2'], 'filex+tcp://[fe80::1%eth0]/a', {
    host: 'fe80::1%eth0',
    path: 'a',
  });
  valid('escaped-slash', 'An escaped "/" is a "/".', ['FX-2.2-3'], 'filex+tcp://example/a%2Fb%2f', {
    path: 'a/b',
    folder: true,
  });

  invalid('empty', 'No address.', ['FX-2.2-2'], '');
  invalid('no-scheme', 'A host alone is not an address.', ['FX-2.1-3'], 'example/a');
  invalid('other-scheme', 'Another protocol.', ['FX-2.1-3'], 'http://example/a');
  invalid('no-host', 'No host.', ['FX-2.2-2'], 'filex+tcp:///a');
  invalid('port-zero', 'There is no port 0.', ['FX-2.2-2'], 'filex+tcp://example:0/');
  invalid('port-too-high', 'There is no port 65536.', ['FX-2.2-2'], 'filex+tcp://example:65536/');
  invalid('port-word', 'A port is a number.', ['FX-2.2-2'], 'filex+tcp://example:http/');
  invalid('ipv6-bare', 'An IPv6 address without brackets.', ['FX-2.2-2'], 'filex+tcp://::1/a');
  invalid('ipv6-open', 'A bracket that is not closed.', ['FX-2.2-2'], 'filex+tcp://[::1/a');
  invalid('percent-alone', 'A "%" without two digits.', ['FX-2.2-1'], 'filex+tcp://example/100%');
  invalid('percent-not-hex', 'A "%" before something else.', ['FX-2.2-1'], 'filex+tcp://example/%zz');
  invalid(
    'percent-not-utf8',
    'Bytes that are not UTF-8.',
    ['FX-2.2-1', 'FX-15.1-4'],
    'filex+tcp://example/%ff',
  );
  invalid('percent-overlong', 'An overlong form.', ['FX-2.2-1', 'FX-15.1-4'], 'filex+tcp://example/%c0%af');
  invalid('fragment', 'A "#" is not written as it is.', ['FX-2.2-1'], 'filex+tcp://example/a#b');
  invalid(
    'question',
    'A "?" is not written as it is.',
    ['FX-2.2-1', 'FX-2.2-5'],
    'filex+tcp://example/what?',
  );
  invalid('parameter', 'An unknown parameter.', ['FX-2.2-5'], 'filex://example/a?x=1');
  invalid(
    'parameter-besides',
    'An unknown parameter besides `fp`.',
    ['FX-2.2-5'],
    `filex://example/a?fp=${fingerprint}&x=1`,
  );
  invalid(
    'fingerprint-twice',
    '`fp` twice.',
    ['FX-2.2-5'],
    `filex://example/a?fp=${fingerprint}&fp=${fingerprint}`,
  );
  invalid(
    'fingerprint-other',
    'A fingerprint that is not sha256.',
    ['FX-2.2-5'],
    'filex://example/a?fp=md5:EREREREREREREREREREREQ',
  );
  invalid(
    'fingerprint-empty',
    'A fingerprint without a value.',
    ['FX-2.2-5'],
    'filex://example/a?fp=sha256:',
  );
  invalid('secret', 'A password.', ['FX-2.2-4'], 'filex://ann:secret@example/');
  invalid(
    'secret-escaped',
    'A password behind an escaped colon.',
    ['FX-2.2-4'],
    'filex://ann%3Asecret@example/',
  );
  return vectors;
}
