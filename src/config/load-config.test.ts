import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigError } from './config-error.ts';
import { configReference } from './config-reference.ts';
import { type ConfigInput, loadConfig } from './load-config.ts';
import { printConfig } from './print-config.ts';
import { environmentName, leafKeys } from './schema-tree.ts';
import { suggest } from './suggest.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'kintsugi-config-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const file = (text: string, name = 'kintsugi.yaml'): string => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};
const load = (input: ConfigInput = {}) => loadConfig({ environment: {}, ...input });
const problems = (input: ConfigInput): string[] => {
  try {
    load(input);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n').map((line) => line.replaceAll(`${directory}/`, ''));
  }
};

test('without anything the server is safe and local', () => {
  const { config, warnings } = load();
  expect(config).toMatchObject({
    serverName: 'localhost',
    dataDirectory: './data',
    database: 'sqlite',
    listen: ['127.0.0.1:8008'],
    registration: { enabled: true, dummy: false, tokenRequired: true },
    rooms: { defaultVersion: '12' },
    federation: { allowPrivateAddresses: [] },
    rateLimits: { enabled: true, login: { perSecond: 0.2, burst: 10 } },
  });
  expect(warnings).toHaveLength(1);
});

test('flags win over the environment, the environment over the file', () => {
  const path = file('serverName: file.org\nlisten: [":1"]\nrooms:\n  defaultVersion: "11"\nmedia:\n');
  const environment = {
    KINTSUGI_SERVER_NAME: 'env.org',
    KINTSUGI_LISTEN: ':2, :3',
    KINTSUGI_FEDERATION_ENABLED: 'false',
  };
  const flags = [{ path: ['serverName'], value: 'flag.org', source: '--server-name' }];
  expect(load({ file: path }).config.serverName).toBe('file.org');
  const { config } = load({ file: path, environment, flags });
  expect(config).toMatchObject({ serverName: 'flag.org', listen: [':2', ':3'], federation: { enabled: false } });
  expect(config.rooms.defaultVersion).toBe('11');
  expect(config.media.maxUploadSizeBytes).toBe(104_857_600);
});

test.each([
  ['serverNam: x', '1: serverNam: there is no such key; did you mean serverName?'],
  ['a: 1\nserverName: x', '1: a: there is no such key; known here: serverName'],
  [
    '\nmedia:\n  maxUploadSizebytes: 1',
    '3: media.maxUploadSizebytes: there is no such key; did you mean maxUploadSizeBytes?',
  ],
  ['media:\n  maxUploadSizeBytes: 50 MB', '2: media.maxUploadSizeBytes: must be a whole number, not the text "50 MB"'],
  ['media:\n  maxUploadSizeBytes: 0', '2: media.maxUploadSizeBytes: must be at least 1, not 0'],
  ['rateLimits:\n  login:\n    burst: 1.5', '3: rateLimits.login.burst: must be a whole number, not the number 1.5'],
  ['presence: true', '1: presence: must be a section of keys, not true'],
  ['presence:\n  enabled: "yes"', '2: presence.enabled: must be true or false, not the text "yes"'],
  ['logging:\n  level: loud', '2: logging.level: must be one of debug, info, warn, error, silent, not the text "loud"'],
  ['listen: 8008', '1: listen: must be a list, not the number 8008'],
  ['listen:\n  - 8008', '1: listen.0: must be a text, not the number 8008'],
  ['listen: ["8008"]', '1: listen: "8008" must be host:port'],
  ['listen: []', '1: listen: the server would listen nowhere'],
  ['serverName: "exa mple"', '1: serverName: "exa mple" is no server name'],
  ['rooms:\n  defaultVersion: "99"', '2: rooms.defaultVersion: there is no room version 99'],
  ['trustedProxies: [proxy]', '1: trustedProxies: "proxy" is no network'],
  ['tls:\n  keyFile: x', '1: tls: certificateFile and keyFile go together'],
  ['listenTls: [":1"]', '1: listenTls: HTTPS needs tls.certificateFile'],
  ['database: mysql://x', '1: database: must be sqlite, or begin with postgres://'],
  ['publicBaseUrl: example.org', '1: publicBaseUrl: must be a URL'],
  ['a: [', ':1: '],
  ['serverName: x\nserverName: y', 'Map keys must be unique'],
  ['- a', '1: the file must hold "key: value" lines'],
])('%j is refused with its line', (text, expected) => {
  expect(problems({ file: file(text) }).join('\n')).toContain(expected.startsWith(':') ? expected.slice(2) : expected);
});

test('a wrong value names the variable or flag it came from', () => {
  expect(problems({ environment: { KINTSUGI_MEDIA_USER_QUOTA_BYTES: 'much' } })).toEqual([
    'KINTSUGI_MEDIA_USER_QUOTA_BYTES: media.userQuotaBytes: must be a whole number, not the text "much"',
  ]);
  const flags = [{ path: ['listen'], value: ['x'], source: '--listen' }];
  expect(problems({ flags })[0]).toMatch(/^--listen: listen: "x" must be host:port/);
  expect(problems({ file: join(directory, 'nowhere.yaml') })[0]).toContain('there is no such file');
});

test('unknown variables are told, and known ones taken', () => {
  const { config, warnings } = load({
    environment: { KINTSUGI_LISTN: 'x', KINTSUGI_EXTRA_CA: '/ca.pem', KINTSUGI_SERVER_NAME: 'a.org', OTHER: 'x' },
  });
  expect(warnings.map(({ message }) => message)).toEqual(['no key has this variable; did you mean KINTSUGI_LISTEN?']);
  expect(config.federation.extraCaFile).toBe('/ca.pem');
});

test('production must be named', () => {
  expect(problems({ environment: { NODE_ENV: 'production' } })[0]).toContain('serverName: must be given in production');
  expect(problems({ environment: { NODE_ENV: 'production', KINTSUGI_SERVER_NAME: 'a.org' } })).toEqual([]);
});

test('secrets come from files, and are printed by nobody', () => {
  const secret = file(' hush \n', 'secret');
  const path = file(`serverName: a.org\nregistration:\n  sharedSecretFile: ${secret}\n`);
  const environment = { KINTSUGI_DATABASE: 'postgres://user:pass@host:5/name?password=pass' };
  const { config } = load({ file: path, environment });
  expect(config.registration.sharedSecret).toBe('hush');
  const printed = printConfig(config);
  expect(printed).not.toMatch(/hush|pass@|=pass|user:/);
  expect(printed).toContain('postgres://[secret]@host:5/name');
  expect(printed).toContain('serverName: a.org');
  const both = file(`registration:\n  sharedSecret: x\n  sharedSecretFile: ${secret}\n`);
  expect(problems({ file: both })[0]).toContain('give sharedSecret or sharedSecretFile, not both');
  expect(problems({ file: file('registration:\n  sharedSecretFile: /nowhere\n') })[0]).toContain('no such file');
});

test('lists of sections are filled with defaults', () => {
  const { config } = load({ file: file('registration:\n  terms:\n    - url: https://a.org\n') });
  expect(config.registration.terms).toEqual([
    { id: 'terms_of_service', version: '1', name: 'Terms of service', url: 'https://a.org', language: 'en' },
  ]);
});

test('every key is described and stands in the reference', () => {
  const reference = configReference();
  for (const { path, node } of leafKeys()) {
    expect([path, node.description?.length]).not.toEqual([path, undefined]);
    expect(reference).toContain(`| \`${path.join('.')}\` |`);
    expect(reference).toContain(environmentName(path));
  }
  expect(new Set(leafKeys().map(({ path }) => environmentName(path))).size).toBe(leafKeys().length);
});

test.each(['kintsugi.yaml', 'load-test.yaml'])('examples/%s is good', (name) => {
  const path = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
  const { config } = load({ file: path });
  expect(config.registration.dummy).toBe(name === 'load-test.yaml');
  expect(readFileSync(path, 'utf8').includes('UNSAFE IN PUBLIC')).toBe(name === 'load-test.yaml');
});

test('suggestions are near or absent', () => {
  expect(suggest('sevrerName', ['serverName', 'listen'])).toBe('serverName');
  expect(suggest('server_name', ['serverName', 'listen'])).toBe('serverName');
  expect(suggest('zzz', ['serverName', 'listen'])).toBeUndefined();
});
