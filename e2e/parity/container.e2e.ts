import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { repository } from '../harness/paths.js';

/** What the files say. That it is so in real containers: container.heavy.e2e.ts. */
const read = (name: string): string => readFileSync(join(repository, name), 'utf8');

/** The instructions of a Dockerfile, continued lines joined, comments left out. */
function instructions(dockerfile: string): { readonly name: string; readonly value: string }[] {
  const lines = dockerfile.replace(/^\s*#.*\n/gm, '').replace(/\\\n\s*/g, ' ');
  return lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', value = ''] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? [];
      return { name: name.toUpperCase(), value };
    });
}

describe('the Dockerfile', () => {
  const all = instructions(read('Dockerfile'));
  const lastStage = all.slice(all.findLastIndex(({ name }) => name === 'FROM'));
  const valuesOf = (wanted: string) =>
    lastStage.filter(({ name }) => name === wanted).map(({ value }) => value);

  test('has several stages, and the last one builds nothing', () => {
    expect(all.filter(({ name }) => name === 'FROM').length).toBeGreaterThan(1);
    expect(lastStage.some(({ name }) => name === 'COPY')).toBe(true);
    expect(valuesOf('RUN').join('\n')).not.toMatch(/npm (?:ci|install|run)/);
  });

  test('runs as somebody who is not root, known by number', () => {
    expect(valuesOf('USER').at(-1)).toMatch(/^[1-9]\d*(?::[1-9]\d*)?$/);
  });

  test('has a volume for files and one for what the server keeps, one port, a health check, and is stopped by SIGTERM', () => {
    expect(valuesOf('VOLUME')).toEqual(['/data /state']);
    expect(valuesOf('EXPOSE')).toEqual(['12345']);
    expect(valuesOf('HEALTHCHECK').join()).toMatch(/CMD \["filex-server", "--healthcheck"\]/);
    expect(valuesOf('STOPSIGNAL')).toEqual(['SIGTERM']);
  });

  test('starts the server without a shell in between, so that signals arrive', () => {
    expect(JSON.parse(valuesOf('ENTRYPOINT').join())).toEqual(['filex-server']);
  });

  test('sends only what it needs to the engine', () => {
    const ignored = read('.dockerignore').split('\n');
    expect(ignored).toContain('*');
    expect(ignored).toContain('**/node_modules');
  });
});

test('compose: read-only root, no capabilities, two volumes, nobody without a passcode, time to stop', () => {
  const { services, volumes } = parse(read('compose.yaml'));
  expect(Object.keys(services)).toHaveLength(1);
  const [service] = Object.values<Record<string, unknown>>(services);
  expect(service).toMatchObject({
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    volumes: ['data:/data', 'state:/state'],
    healthcheck: { test: ['CMD', 'filex-server', '--healthcheck'] },
    stop_grace_period: expect.stringMatching(/\d/),
  });
  expect(Object.keys(volumes)).toEqual(['data', 'state']);
  expect(String(service?.['ports'])).toMatch(/:12345$/);
  expect(service?.['environment']).toEqual({ FILEX_ANONYMOUS: expect.stringMatching(/:-none\}$/) });
});
