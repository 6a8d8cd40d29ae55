// Key backups: versions that are never given twice, and the better copy of a key kept in any order of uploads.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createKeyBackups, type KeyBackups, type RoomKey } from '../../src/e2ee/key-backups.ts';
import type { Database } from '../../src/storage/database.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { owner } from '../harness/e2ee-people.ts';

const algorithm = 'm.megolm_backup.v1.curve25519-aes-sha2';
const room = '!room:kintsugi.test';

const key = (overrides: Partial<RoomKey> = {}): RoomKey => ({
  first_message_index: 10,
  forwarded_count: 5,
  is_verified: false,
  session_data: { a: 'b' },
  ...overrides,
});

const start = async (database: Database): Promise<{ backups: KeyBackups; user: number; version: string }> => {
  const { user } = await owner(database, 'alice');
  const backups = createKeyBackups({ db: database });
  return { backups, user, version: await backups.create(user, algorithm, { public_key: 'abc' }) };
};

const textOf = async (texts: AsyncIterable<string>): Promise<unknown> => {
  let text = '';
  for await (const part of texts) text += part;
  return JSON.parse(text);
};

/** "keep the key that has is_verified set to true", then the lower first_message_index, then the lower forwarded_count. */
const better = (a: RoomKey, b: RoomKey): boolean =>
  a.is_verified !== b.is_verified
    ? a.is_verified
    : a.first_message_index !== b.first_message_index
      ? a.first_message_index < b.first_message_index
      : a.forwarded_count < b.forwarded_count;

const smallKey = fc.record({
  first_message_index: fc.nat(2),
  forwarded_count: fc.nat(2),
  is_verified: fc.boolean(),
  session_data: fc.record({ tag: fc.nat() }),
});

describeOnBothEngines('key backups', (open) => {
  test('the latest version is the current one', async () => {
    const database = await open();
    const { backups, user, version } = await start(database);
    expect(version).toBe('1');
    expect(await backups.version(user)).toEqual({
      algorithm,
      auth_data: { public_key: 'abc' },
      version: '1',
      etag: '0',
      count: 0,
    });
    expect(await backups.create(user, algorithm, { public_key: 'def' })).toBe('2');
    expect(await backups.version(user)).toMatchObject({ version: '2' });
    expect(await backups.version(user, '1')).toMatchObject({ version: '1', auth_data: { public_key: 'abc' } });
    await expect(backups.version(user, '3')).rejects.toMatchObject({ status: 404, errcode: 'M_NOT_FOUND' });
    await expect(backups.version(user, 'x')).rejects.toMatchObject({ status: 404, errcode: 'M_NOT_FOUND' });
  });

  test('only the auth data of a version can change', async () => {
    const database = await open();
    const { backups, user, version } = await start(database);
    await backups.update(user, version, algorithm, { public_key: 'new' });
    expect(await backups.version(user)).toMatchObject({ auth_data: { public_key: 'new' } });
    await expect(backups.update(user, version, 'other', {})).rejects.toMatchObject({ errcode: 'M_INVALID_PARAM' });
    await expect(backups.update(user, '9', algorithm, {})).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
  });

  test('a deleted version stays deleted, may be deleted again, and its number is not given again', async () => {
    const database = await open();
    const { backups, user, version } = await start(database);
    await backups.put(user, version, [{ roomId: room, sessionId: 's', key: key() }]);
    await backups.delete(user, version);
    await backups.delete(user, version);
    await expect(backups.delete(user, '2')).rejects.toMatchObject({ status: 404 });
    await expect(backups.version(user)).rejects.toMatchObject({ status: 404 });
    await expect(backups.put(user, version, [])).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
    const left = await database.read((tx) => tx.all('SELECT 1 FROM key_backup_sessions'));
    expect(left).toEqual([]);
    expect(await backups.create(user, algorithm, {})).toBe('2');
    expect(await backups.create(user, algorithm, {})).toBe('3');
    await backups.delete(user, '3');
    expect(await backups.version(user)).toMatchObject({ version: '2' });
    await backups.delete(user, '1');
  });

  test('keys are written to the current version alone', async () => {
    const database = await open();
    const { backups, user } = await start(database);
    await backups.create(user, algorithm, {});
    const upload = [{ roomId: room, sessionId: 's', key: key() }];
    await expect(backups.put(user, '1', upload)).rejects.toMatchObject({
      status: 403,
      errcode: 'M_WRONG_ROOM_KEYS_VERSION',
      fields: { current_version: '2' },
    });
    await expect(backups.put(user, '7', upload)).rejects.toMatchObject({ status: 404, errcode: 'M_NOT_FOUND' });
    expect(await backups.put(user, '2', upload)).toEqual({ etag: '1', count: 1 });
  });

  test('are read and deleted as a whole, by room and by session', async () => {
    const database = await open();
    const { backups, user, version } = await start(database);
    expect(await textOf(await backups.sessions(user, version))).toEqual({ rooms: {} });
    expect(await textOf(await backups.sessions(user, version, room))).toEqual({ sessions: {} });
    const other = '!other:kintsugi.test';
    const state = await backups.put(user, version, [
      { roomId: room, sessionId: 'a', key: key({ first_message_index: 1 }) },
      { roomId: room, sessionId: '__proto__', key: key({ first_message_index: 2 }) },
      { roomId: other, sessionId: 'a', key: key({ first_message_index: 3 }) },
    ]);
    expect(state).toEqual({ etag: '1', count: 3 });
    const all = (await textOf(await backups.sessions(user, version))) as { rooms: object };
    expect(JSON.stringify(all)).toBe(
      JSON.stringify({
        rooms: {
          [other]: { sessions: { a: key({ first_message_index: 3 }) } },
          [room]: {
            sessions: Object.fromEntries([
              ['__proto__', key({ first_message_index: 2 })],
              ['a', key({ first_message_index: 1 })],
            ]),
          },
        },
      }),
    );
    expect(await textOf(await backups.sessions(user, version, other))).toEqual({
      sessions: { a: key({ first_message_index: 3 }) },
    });
    expect(JSON.parse(await backups.session(user, version, room, 'a'))).toEqual(key({ first_message_index: 1 }));
    await expect(backups.session(user, version, room, 'z')).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });

    expect(await backups.deleteSessions(user, version, { roomId: room, sessionId: 'z' })).toMatchObject({ etag: '1' });
    expect(await backups.deleteSessions(user, version, { roomId: room, sessionId: 'a' })).toMatchObject({ count: 2 });
    expect(await backups.deleteSessions(user, version, { roomId: room })).toMatchObject({ count: 1 });
    expect(await backups.deleteSessions(user, version, {})).toMatchObject({ etag: '4', count: 0 });
    await expect(backups.deleteSessions(user, '9', {})).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
  });

  test('more sessions than one page or one deletion holds', async () => {
    const database = await open();
    const { backups, user, version } = await start(database);
    const uploads = Array.from({ length: 2_100 }, (_, index) => ({
      roomId: `!room${index % 3}:kintsugi.test`,
      sessionId: `session ${index}`,
      key: key({ first_message_index: index }),
    }));
    expect(await backups.put(user, version, uploads)).toEqual({ etag: '1', count: 2_100 });
    const { rooms } = (await textOf(await backups.sessions(user, version))) as {
      rooms: Record<string, { sessions: Record<string, RoomKey> }>;
    };
    const read = Object.entries(rooms).flatMap(([roomId, { sessions }]) =>
      Object.entries(sessions).map(([sessionId, roomKey]) => ({ roomId, sessionId, key: roomKey })),
    );
    const inOrder = <T extends { sessionId: string }>(list: readonly T[]): T[] =>
      list.toSorted((a, b) => (a.sessionId < b.sessionId ? -1 : 1));
    expect(inOrder(read)).toEqual(inOrder(uploads));
    expect(await backups.deleteSessions(user, version, {})).toMatchObject({ count: 0 });
  });

  test('of any uploads of a session the best key is kept, and the etag changes only with it', async () => {
    const database = await open();
    const { backups, user, version } = await start(database);
    let sessions = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(smallKey, { minLength: 1, maxLength: 6 }), async (keys) => {
        const sessionId = `session ${++sessions}`;
        let kept: RoomKey | undefined;
        let etag = (await backups.version(user, version)).etag;
        for (const next of keys) {
          const state = await backups.put(user, version, [{ roomId: room, sessionId, key: next }]);
          const replaces = !kept || better(next, kept);
          if (replaces) kept = next;
          expect(state.etag !== etag).toBe(replaces);
          expect(state.count).toBe(sessions);
          etag = state.etag;
          expect(JSON.parse(await backups.session(user, version, room, sessionId))).toEqual(kept);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('backups of one user are nobody else’s', async () => {
    const database = await open();
    const { backups, version } = await start(database);
    const bob = await owner(database, 'bob');
    await expect(backups.version(bob.user)).rejects.toMatchObject({ status: 404 });
    await expect(backups.sessions(bob.user, version)).rejects.toMatchObject({ status: 404 });
  });
});
