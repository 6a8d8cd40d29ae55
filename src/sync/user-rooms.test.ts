import { afterAll, expect, test } from 'vitest';
import { openFreshSqlite } from '../../tests/harness/databases.ts';
import { openTestRooms } from '../../tests/harness/rooms.ts';
import type { Database } from '../storage/database.ts';
import { createStream } from '../stream/stream.ts';
import { createUserRooms } from './user-rooms.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

test('whoever asks while the rooms are read anew waits for the end of it', async () => {
  const { database: db } = stack.use(await openFreshSqlite());
  const rooms = openTestRooms(db);
  const alice = await rooms.person('alice');
  let held = Promise.resolve();
  // Reads as slow as those of a database elsewhere.
  const slow: Database = {
    ...db,
    read: async (work) => {
      const result = await db.read(work);
      await held;
      return result;
    },
  };
  const userRooms = createUserRooms({ db: slow, stream: createStream({ db }) });
  expect((await userRooms.of(alice.viewer.user)).all.size).toBe(0);

  const { promise, resolve } = Promise.withResolvers<void>();
  held = promise;
  await rooms.create(alice);
  const asked = [1, 2].map(async () => (await userRooms.of(alice.viewer.user)).all.size);
  resolve();
  expect(await Promise.all(asked)).toEqual([1, 1]);
});
