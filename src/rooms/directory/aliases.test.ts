import { afterEach, expect, test } from 'vitest';
import { type FreshDatabase, openFreshSqlite } from '../../../tests/harness/databases.ts';
import { createForeignRoom } from '../../../tests/harness/foreign-events.ts';
import { openTestRooms } from '../../../tests/harness/rooms.ts';
import type { RoomAlias, ServerName } from '../../protocol/ids/branded.ts';
import { createAlias } from '../../storage/stores/aliases.ts';
import { createAliases } from './aliases.ts';

let fresh: FreshDatabase;
afterEach(() => fresh[Symbol.asyncDispose]());

test('the alias of a room whose members are not known yet names the servers that are told to be in it', async () => {
  fresh = await openFreshSqlite();
  const db = fresh.database;
  const { rooms, clock, person } = openTestRooms(db);
  const { userId, viewer } = await person('alice');
  const serverName = 'example.org' as ServerName;
  const alias = '#room:example.org' as RoomAlias;
  const aliases = createAliases({ db, clock, serverName, rooms });
  const room = createForeignRoom();
  const whole = room.joinOf(userId);
  const state = whole.state.filter(({ event }) => event.type !== 'm.room.member');
  const servers = ['elsewhere.example', 'third.example'] as ServerName[];
  await rooms.receive.enterRoom({ ...whole, state, isPartial: true, servers });
  const { nid, roomId } = await rooms.require(room.roomId);
  await db.write(createAlias, { alias, room: nid, creator: viewer.user, now: 1 });
  expect(await aliases.resolve(alias)).toEqual({ roomId, servers: [serverName, ...servers] });
});
