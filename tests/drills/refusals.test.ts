// Starts that would harm are refused, with the cause and what to do; what was there is untouched. On both engines.

import { createHash } from 'node:crypto';
import { chown, cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { login, register } from '../harness/client.ts';
import { createPostgresDatabase } from '../harness/databases.ts';
// For the type of inject('postgresUrl').
import type {} from '../harness/postgres-setup.ts';
import { launchServer, startServer, type TestServerOptions } from '../harness/server.ts';
import { openSmallDisk } from '../harness/small-disk.ts';

const START_TIMEOUT_MS = 60_000;
const NOBODY = 65_534;
const tomorrow = "INSERT INTO schema_migrations (id, name) SELECT max(id) + 1, 'of-tomorrow' FROM schema_migrations";
const yesterday = "DELETE FROM schema_migrations WHERE name = 'of-tomorrow'";

/** Starts a server that must refuse to; returns what it says. */
const refusal = async (options: TestServerOptions): Promise<string> => {
  await using server = await launchServer(options);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`it did not refuse:\n${server.output()}`)), START_TIMEOUT_MS);
  const code = await Promise.race([server.ended, late]).finally(() => clearTimeout(timer));
  expect([code, server.output()]).toEqual([1, expect.stringContaining('What to do: ')]);
  expect(server.output()).not.toContain('    at ');
  return server.output();
};

/** Every file of the directory with the hash of its content; not what only marks a running server. */
const contentOf = async (directory: string): Promise<Record<string, string>> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !/\.(lock|pid)$/.test(entry.name));
  const hashes = files.map(async ({ parentPath, name }): Promise<[string, string]> => {
    const path = join(parentPath, name);
    return [
      path,
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ];
  });
  return Object.fromEntries(await Promise.all(hashes));
};

describe.each(['SQLite', 'PostgreSQL'])('a start that must not be, on %s', (engine) => {
  const life = new AsyncDisposableStack();
  let directory = '';
  let database: string | undefined;
  let roomId = '';
  let eventId = '';

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kintsugi-refusals-'));
    life.defer(() => rm(directory, { recursive: true, force: true }));
    if (engine === 'PostgreSQL') {
      const { url, drop } = await createPostgresDatabase(inject('postgresUrl'));
      life.defer(drop);
      database = url;
    }
    await using server = await startServer(options());
    const alice = await register(server.baseUrl, 'alice');
    ({ room_id: roomId } = await alice.ok(alice.post('/_matrix/client/v3/createRoom', {})));
    eventId = await alice.say(roomId, 'before');
  });
  afterAll(() => life.disposeAsync());

  const options = (): TestServerOptions => ({ directory, ...(database !== undefined && { database }) });

  /** The refusal of a start that leaves the data directory as it was. */
  const harmless = async (more: TestServerOptions = {}): Promise<string> => {
    const before = await contentOf(directory);
    const said = await refusal({ ...options(), ...more });
    expect(await contentOf(directory)).toEqual(before);
    return said;
  };

  const runSql = async (sql: string): Promise<void> => {
    if (database === undefined) {
      const db = new DatabaseSync(join(directory, 'kintsugi.db'));
      db.exec(sql);
      db.close();
      return;
    }
    const client = new pg.Client({ connectionString: database });
    await client.connect();
    await client.query(sql);
    await client.end();
  };

  test('a database of a newer version', async () => {
    await runSql(tomorrow);
    expect(await harmless()).toMatch(/The database has schema \d+, but this version .* only up to schema \d+/);
    await runSql(yesterday);
  });

  test('another server name', async () => {
    expect(await harmless({ serverName: 'other.test' })).toContain('belongs to the server kintsugi.test');
  });

  test('a signing key of another server', async () => {
    const key = join(directory, 'signing.key');
    await rename(key, `${key}.right`);
    await writeFile(key, `ed25519 wrong ${Buffer.alloc(32, 7).toString('base64').replace('=', '')}\n`, { mode: 0o600 });
    expect(await harmless()).toMatch(/signing key .*ed25519:wrong/);
    await rename(`${key}.right`, key);
  });

  test('a signing key that is gone, with and without its log', async () => {
    const names = ['signing.key', 'signing-keys.log'];
    await rename(join(directory, 'signing.key'), join(directory, 'signing.key.away'));
    expect(await harmless()).toMatch(/signing\.key is gone: this server has signed with ed25519:/);
    await rename(join(directory, 'signing-keys.log'), join(directory, 'signing-keys.log.away'));
    expect(await refusal(options())).toContain('This database was used with the signing key ed25519:');
    for (const name of names) await rename(join(directory, `${name}.away`), join(directory, name));
  });

  test('a directory that is mounted read-only', async () => {
    await using disk = await openSmallDisk(64 * 1024 * 1024);
    await cp(directory, disk.path, { recursive: true });
    disk.makeReadOnly(true);
    const before = await contentOf(disk.path);
    expect(await refusal({ ...options(), ...disk.server })).toMatch(/read-only/);
    expect(await contentOf(disk.path)).toEqual(before);
  });

  test('a directory of another user', async () => {
    // Only root can give files away; for others a directory of root's will do.
    if (process.geteuid?.() !== 0) {
      expect(await refusal({ ...options(), directory: '/usr/lib' })).toContain('/usr/lib');
    } else if (engine === 'SQLite') {
      const file = join(directory, 'kintsugi.db');
      await chown(file, NOBODY, NOBODY);
      expect(await harmless()).toContain(`belongs to user ${NOBODY}, but the server runs as user 0`);
      await chown(file, 0, 0);
    } else {
      await chown(directory, NOBODY, NOBODY);
      // Root without its right to pass over permissions.
      expect(await harmless({ runBy: ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] })).toContain(
        directory,
      );
      await chown(directory, 0, 0);
    }
  });

  test('a second process on the same directory', async () => {
    await using server = await startServer(options());
    const alice = await login(server.baseUrl, 'alice');
    if (engine === 'SQLite') expect(await refusal(options())).toContain(`in use by process ${server.process.pid}`);
    // The same port stands for all that two processes cannot share.
    expect(await refusal({ ...options(), port: server.port })).toMatch(/in use/);
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/event/${encodeURIComponent(eventId)}`;
    expect((await alice.ok(alice.get(path))).content.body).toBe('before');
    await alice.say(roomId, 'after');
  });
});
