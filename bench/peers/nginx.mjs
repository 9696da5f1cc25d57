// nginx with its DAV module, and one curl that keeps its connection. No digest, no flush; PUT is a temporary file and a
// rename. curl walks no trees, so the list of files is made before the clock runs, which no other program is spared.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, relative } from 'node:path';
import { notInstalled, versionOf, whereIs } from '../lib/installed.mjs';
import { freePort } from '../lib/ports.mjs';

/** Connections of one curl for many files: two for each core of the machine that the figures are from. */
const CONNECTIONS = 4;

function makeCertificate(scratch) {
  const files = { cert: join(scratch, 'cert.pem'), key: join(scratch, 'key.pem') };
  execFileSync(
    whereIs('openssl'),
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-keyout', files.key, '-out', files.cert, '-days', '2', '-subj', '/CN=127.0.0.1'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1'],
    ],
    { stdio: 'pipe' },
  );
  return files;
}

function configuration({ root, scratch, port, tls }) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    // On the same file system as what is served, so that the end of a PUT is a rename.
    (kind) => `  ${kind}_temp_path ${join(scratch, kind)};`,
  );
  const certificate = tls && makeCertificate(scratch);
  return [
    ...(process.getuid?.() === 0 ? [`user ${userInfo().username};`] : []),
    'daemon off;',
    'worker_processes auto;',
    `pid ${join(scratch, 'nginx.pid')};`,
    `error_log ${join(scratch, 'error.log')};`,
    'events { worker_connections 1024; }',
    'http {',
    ...temporary,
    '  access_log off;',
    '  sendfile on;',
    '  tcp_nopush on;',
    '  keepalive_requests 1000000;',
    '  client_max_body_size 0;',
    '  client_body_buffer_size 1m;',
    '  server {',
    `    listen 127.0.0.1:${port}${tls ? ' ssl' : ''};`,
    ...(tls
      ? [
          `    ssl_certificate ${certificate.cert};`,
          `    ssl_certificate_key ${certificate.key};`,
          '    ssl_protocols TLSv1.3;',
          '    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;',
        ]
      : []),
    `    root ${root};`,
    '    dav_methods PUT MKCOL;',
    '    create_full_put_path on;',
    '  }',
    '}',
  ];
}

/** The files that are moved, as paths below the folder that `source` is in. */
function filesOf(source, name) {
  if (!statSync(source).isDirectory()) return [name];
  return readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(name, relative(source, join(entry.parentPath, entry.name))));
}

function nginxPeer({ title, tls }) {
  const scheme = tls ? 'https' : 'http';
  const curl = ({ scratch, source, name }, linesOf) => {
    const files = filesOf(source, name);
    const config = join(scratch, `curl-${name}.conf`);
    const general = [
      'silent',
      'show-error',
      'fail',
      // Otherwise curl asks first whether a file may come, which is a round trip for each.
      'header = "Expect:"',
      ...(tls ? [`cacert = "${join(scratch, 'cert.pem')}"`, 'tlsv1.3'] : []),
      ...(files.length > 1 ? ['parallel', `parallel-max = ${CONNECTIONS}`] : []),
    ];
    writeFileSync(config, `${[...general, ...files.flatMap(linesOf)].join('\n')}\n`);
    return { argv: [whereIs('curl'), '--config', config] };
  };
  const urlOf = (port, file) => `url = "${scheme}://127.0.0.1:${port}/${file}"`;
  return {
    title,
    missing: () => notInstalled('nginx', 'curl', ...(tls ? ['openssl'] : [])),
    version: () =>
      `nginx ${versionOf('nginx', ['-v'], /nginx\/(\S+)/)}, curl ${versionOf('curl', ['-V'], /curl (\S+)/)}`,
    async server({ root, scratch }) {
      const port = await freePort();
      const config = join(scratch, 'nginx.conf');
      mkdirSync(scratch, { recursive: true });
      writeFileSync(config, `${configuration({ root, scratch, port, tls }).join('\n')}\n`);
      return { argv: [whereIs('nginx'), '-e', join(scratch, 'error.log'), '-c', config], told: { port } };
    },
    up: (setting) =>
      curl(setting, (file) => [
        `upload-file = "${join(setting.source.slice(0, -setting.name.length), file)}"`,
        urlOf(setting.port, file),
      ]),
    down: (setting) =>
      curl(setting, (file) => [
        'create-dirs',
        `output = "${join(setting.destination, file)}"`,
        urlOf(setting.port, file),
      ]),
  };
}

/** @type {import('../contestants.mjs').Contestant} */
export const nginx = nginxPeer({ title: 'nginx + curl', tls: false });
/** @type {import('../contestants.mjs').Contestant} */
export const nginxTls = nginxPeer({ title: 'nginx + curl, TLS 1.3', tls: true });
