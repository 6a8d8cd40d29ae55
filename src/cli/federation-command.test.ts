import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ServerName } from '../protocol/ids/branded.ts';
import { openDatabase } from '../storage/open-database.ts';
import { saveDestinationContacts, saveDestinationTrouble } from '../storage/stores/destinations.ts';
import { type SeenKeyDocument, saveServerKeys } from '../storage/stores/server-keys.ts';

const program = fileURLToPath(new URL('./kintsugi.js', import.meta.url));
let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'kintsugi-cli-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const start = (args: readonly string[]) =>
  spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, ...args, '--data', directory, '--server-name', 'here.test'],
    { cwd: directory, env: { PATH: process.env.PATH, KINTSUGI_FEDERATION_DNS_SERVERS: '127.0.0.1:1' } },
  );

const federation = (...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> =>
  new Promise((resolve) => {
    const child = start(['federation', ...args]);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.once('close', (code) => resolve({ code, out, err }));
  });

const a = 'a.test' as ServerName;
const document = (publicKey: string): SeenKeyDocument => ({
  serverName: a,
  keys: [{ keyId: 'ed25519:1', publicKey, expiredTs: null }],
  validUntilTs: 100,
  text: '{}',
  source: a,
  fetchedTs: 1,
});

const fill = async (): Promise<void> => {
  await using db = await openDatabase({ database: 'sqlite', directory });
  const trouble = { stage: 'tls', reason: 'certificate has expired', sinceTs: 0, lastFailureTs: 5, failures: 2 };
  await db.write(saveDestinationTrouble, { ...trouble, serverName: a, retryTs: 4e12, goneTs: null });
  const gone = { ...trouble, serverName: 'gone.test' as ServerName, retryTs: null, goneTs: 1 };
  await db.write(saveDestinationTrouble, gone);
  const well = { serverName: 'well.test' as ServerName, successTs: 1000, heardTs: null, endsTrouble: false };
  await db.write(saveDestinationContacts, [well]);
  await db.write(saveServerKeys, [document('kept'), document('refused')]);
};

const listed = [
  'a.test\tfailing\ttls\tsince 1970-01-01T00:00:00.000Z\tnext try 2096-10-02T07:06:40.000Z\tcertificate has expired',
  'gone.test\tgone\ttls\tsince 1970-01-01T00:00:00.000Z\tnever tried again\tcertificate has expired',
  'well.test\twell\tlast answer 1970-01-01T00:00:01.000Z',
  '',
].join('\n');

test('other servers are listed, shown and retried, with the server running or not', { timeout: 60_000 }, async () => {
  await fill();
  const offline = await federation('show', 'a.test');
  expect(offline.out).toContain('REFUSED ed25519:1 refused, told by a.test, 1 times');
  expect(offline.out).toContain('since no server runs here');

  const server = start(['serve', '--listen', '127.0.0.1:0']);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('exit', () => reject(new Error('the server ended')));
      server.stderr.on('data', (chunk) => {
        if (String(chunk).includes('Kintsugi is ready')) resolve();
      });
    });
    expect(statSync(join(directory, 'control.sock')).mode & 0o777).toBe(0o600);
    expect(await federation('list')).toEqual({ code: 0, out: listed, err: '' });
    const never = await federation('show', 'never.test');
    expect([never.code, never.err]).toEqual([1, expect.stringContaining('Nothing is known of never.test')]);
    expect((await federation('retry', 'a.test')).out).toBe('a.test is tried again.\n');
    expect((await federation('accept-key', 'a.test', 'ed25519:1', 'refused')).code).toBe(0);
  } finally {
    server.removeAllListeners('exit');
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
  }
  expect((await federation('retry', '--all')).out).toBe('2 servers are tried again.\n');
});
