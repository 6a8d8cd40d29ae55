import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { askOnce } from '../../tests/harness/edge.ts';
import { loadConfig } from '../config/load-config.ts';
import type { Config } from '../config/schema.ts';
import { startServer } from './lifecycle.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kintsugi-server-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const config = (environment: Record<string, string> = {}): Config =>
  loadConfig({
    environment: {
      KINTSUGI_DATA: directory,
      KINTSUGI_LISTEN: '127.0.0.1:0',
      KINTSUGI_LOGGING_LEVEL: 'silent',
      ...environment,
    },
  }).config;

test('a server starts, answers and stops', async () => {
  const server = await startServer(config());
  const port = server.listeners[0]?.port ?? 0;
  const versions = await askOnce(port, 'GET', '/_matrix/client/versions');
  expect([versions.status, versions.json.versions]).toEqual([200, expect.arrayContaining(['v1.1', 'v1.11'])]);
  expect((await askOnce(port, 'GET', '/health')).json).toEqual({ status: 'ok' });
  expect((await askOnce(port, 'GET', '/ready')).json).toEqual({ status: 'ready' });
  const page = await askOnce(port, 'GET', '/');
  expect(page.headers['content-type']).toContain('text/html');
  expect(page.text).toContain('user create alice --admin');
  for (const path of ['client', 'server', 'support']) {
    expect((await askOnce(port, 'GET', `/.well-known/matrix/${path}`)).status).toBe(404);
  }
  expect((await askOnce(port, 'GET', '/metrics')).text).toContain('kintsugi_http_requests_total');
  const forwarded = { headers: { 'X-Forwarded-For': '192.0.2.1' } };
  expect((await askOnce(port, 'GET', '/metrics', forwarded)).status).toBe(403);
  await server.stop();
  await expect(askOnce(port, 'GET', '/health')).rejects.toThrow('ECONNREFUSED');
  await using again = await startServer(config());
  expect(again.listeners).toHaveLength(1);
});

test('what is configured is told', async () => {
  await using server = await startServer(
    config({
      KINTSUGI_SERVER_NAME: 'example.org',
      KINTSUGI_PUBLIC_BASE_URL: 'https://m.example.org',
      KINTSUGI_WELL_KNOWN_SERVER: 'm.example.org:443',
      KINTSUGI_WELL_KNOWN_IDENTITY_SERVER: 'https://id.example.org',
      KINTSUGI_ADMIN_EMAIL: 'admin@example.org',
      KINTSUGI_ADMIN_SUPPORT_PAGE: 'https://example.org/"help"',
    }),
  );
  const port = server.listeners[0]?.port ?? 0;
  const wellKnown = async (name: string) => (await askOnce(port, 'GET', `/.well-known/matrix/${name}`)).json;
  expect(await wellKnown('client')).toEqual({
    'm.homeserver': { base_url: 'https://m.example.org' },
    'm.identity_server': { base_url: 'https://id.example.org' },
  });
  expect(await wellKnown('server')).toEqual({ 'm.server': 'm.example.org:443' });
  expect(await wellKnown('support')).toEqual({
    contacts: [{ role: 'm.role.admin', email_address: 'admin@example.org' }],
    support_page: 'https://example.org/"help"',
  });
  const page = await askOnce(port, 'GET', '/');
  expect(page.text).toContain('<code>example.org</code>');
  expect(page.text).not.toContain('"help"');
});

test('a port in use, a bad certificate and a missing authority refuse the start with a remedy', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const busy = startServer(config({ KINTSUGI_LISTEN: `127.0.0.1:${port}` }));
  await expect(busy).rejects.toMatchObject({ name: 'StartRefused', remedy: expect.stringContaining('--listen') });
  taken.close();
  const file = join(directory, 'bad.pem');
  writeFileSync(file, 'nonsense');
  const tls = {
    KINTSUGI_LISTEN_TLS: '127.0.0.1:0',
    KINTSUGI_TLS_CERTIFICATE_FILE: file,
    KINTSUGI_TLS_KEY_FILE: file,
  };
  await expect(startServer(config(tls))).rejects.toMatchObject({ remedy: expect.stringContaining('bad.pem') });
  const noCa = startServer(config({ KINTSUGI_EXTRA_CA: join(directory, 'nowhere.pem') }));
  await expect(noCa).rejects.toMatchObject({ remedy: expect.stringContaining('KINTSUGI_EXTRA_CA') });
});
