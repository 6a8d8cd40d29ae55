import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startEdge } from '../../../tests/harness/edge.ts';
import { systemClock } from '../../lib/clock.ts';
import { deferred } from '../../lib/deferred.ts';
import { createLog } from '../../lib/log.ts';
import { manualClock } from '../../lib/manual-clock.ts';
import { readCertificate, watchCertificate } from './certificate.ts';
import { endpoint } from './endpoint.ts';
import { listen } from './listen.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../tests/fixtures/tls/${name}`, import.meta.url));
const limits = { connectionsMax: 10, headersTimeoutMs: 5000, keepAliveTimeoutMs: 5000 };

let directory = '';
let files = { certificateFile: '', keyFile: '' };
const use = (name: 'first' | 'second'): void => {
  copyFileSync(fixture(`${name}.pem`), files.certificateFile);
  copyFileSync(fixture(`${name}.key`), files.keyFile);
};
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kintsugi-tls-'));
  files = { certificateFile: join(directory, 'cert.pem'), keyFile: join(directory, 'key.pem') };
  use('first');
});
afterEach(() => rmSync(directory, { recursive: true }));

const ask = (port: number, name: string): Promise<string> =>
  new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, servername: name, ca: readFileSync(fixture('ca.pem')), agent: false };
    get(options, (response) => {
      response.resume();
      response.once('end', () => resolve(String(response.statusCode)));
    }).once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
  });

test('HTTPS is answered, and a renewed certificate is taken without a restart', async () => {
  const hello = endpoint({ spec: 'x', auth: 'none', limit: 'none', route: 'GET /', handle: async () => ({}) });
  await using edge = await startEdge([hello]);
  const tls = await readCertificate(files);
  const listener = await listen(edge.inbound, { host: '127.0.0.1', port: 0, tls, limits });
  const clock = manualClock();
  const lines: string[] = [];
  const log = createLog({ level: 'info', format: 'json', destination: { write: (line) => void lines.push(line) } });
  const watch = await watchCertificate(files, (changed) => listener.replaceTls(changed), {
    clock,
    log,
    intervalMs: 1000,
  });
  /** Lets the watcher look once and waits until it has: then it has set its next timer. */
  const look = async (): Promise<void> => {
    await clock.advance(1000);
    await expect.poll(() => clock.pending, { interval: 2 }).toBe(1);
  };
  expect([await ask(listener.port, 'first.test'), await ask(listener.port, 'second.test')]).toEqual([
    '200',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ]);
  writeFileSync(files.certificateFile, 'half written');
  await look();
  expect(lines.join('')).toContain('could not be loaded');
  expect(await ask(listener.port, 'first.test')).toBe('200');
  use('second');
  await look();
  expect(await ask(listener.port, 'second.test')).toBe('200');
  watch.stop();
  await listener.close(0, systemClock);
});

test('a certificate and a key that do not belong together are refused', async () => {
  copyFileSync(fixture('second.key'), files.keyFile);
  await expect(readCertificate(files)).rejects.toThrow(/key values mismatch/i);
});

test('a port in use is an error', async () => {
  await using edge = await startEdge([]);
  await expect(listen(edge.inbound, { host: '127.0.0.1', port: edge.listener.port, limits })).rejects.toThrow(
    'EADDRINUSE',
  );
});

test('closing does not wait for a client that keeps its connection after its answer', async () => {
  const [asked, answer] = [deferred(), deferred()];
  const slow = endpoint({
    route: 'GET /slow',
    spec: 'test',
    auth: 'none',
    limit: 'none',
    async handle() {
      asked.resolve();
      await answer.promise;
      return {};
    },
  });
  await using edge = await startEdge([slow], { limits: { keepAliveTimeoutMs: 60_000 } });
  const agent = new Agent({ keepAlive: true });
  const ended = new Promise((resolve, reject) => {
    const request = httpRequest({ port: edge.listener.port, path: '/slow', agent }, (response) => {
      response.resume().once('end', () => resolve(response.headers.connection));
    });
    request.once('error', reject).end();
  });
  await asked.promise;
  const closed = edge.listener.close(60_000, systemClock);
  answer.resolve();
  expect(await ended).toBe('keep-alive');
  await closed;
  agent.destroy();
});
