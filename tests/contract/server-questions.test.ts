import { expect, it } from 'vitest';
import type { RoomId, ServerName } from '../../src/protocol/ids/branded.ts';
import { internNames } from '../../src/storage/stores/names.ts';
import {
  askedRoomById,
  askedRoomByNid,
  departuresOf,
  eventNidsOf,
  hasMemberOf,
  isServerInAny,
  memberKeysOfServer,
  restsOf,
  serversOfPartialJoin,
} from '../../src/storage/stores/server-questions.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { internTestUsers, storeRoom } from '../harness/stored-room.ts';

const there = 'there.test' as ServerName;
const none = 'none.test' as ServerName;
const unknown = '!unknown:x' as RoomId;

describeOnBothEngines('what other servers ask of rooms', (open) => {
  it('knows which servers are in a room by their users, and no similar names', async () => {
    const db = await open();
    const room = await storeRoom(db, '!room:here.test');
    const other = await storeRoom(db, '!other:here.test');
    const ids = ['@a:there.test', '@b:there.test', '@c:notthere.test', '@d:there.test:8448', '@e:here.test'];
    const [a, b, c, d, e] = (await internTestUsers(db, ...ids)) as [number, number, number, number, number];
    await room.member(a, 'join', false);
    await room.member(c, 'join', false);
    await room.member(d, 'invite', false);
    await room.member(e, 'join', true);
    const left = await room.member(b, 'leave', false);
    const has = (server: string, membership: 'join' | 'invite' | 'leave', nid = room.nid): Promise<boolean> =>
      db.read((tx) => hasMemberOf(tx, nid, server as ServerName, membership));
    expect([await has(there, 'join'), await has(there, 'leave'), await has(there, 'invite')]).toEqual([
      true,
      true,
      false,
    ]);
    expect([await has('8448', 'invite'), await has('there.test:8448', 'invite')]).toEqual([false, true]);
    // Users of this server are not asked for.
    expect([await has('here.test', 'join'), await has(there, 'join', other.nid)]).toEqual([false, false]);
    expect(await db.read((tx) => departuresOf(tx, room.nid, there, 10))).toEqual([left.nid]);
    expect(await db.read((tx) => departuresOf(tx, room.nid, none, 10))).toEqual([]);
    const inAny = (rooms: string[]) => db.read((tx) => isServerInAny(tx, there, rooms as RoomId[]));
    expect([await inAny([]), await inAny([other.roomId, unknown]), await inAny([other.roomId, room.roomId])]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('finds the state keys of a server, those longest there first', async () => {
    const db = await open();
    const room = await storeRoom(db, '!room:here.test');
    const ids = ['@late:there.test', '@early:there.test', '@x:elsewhere.test'];
    const [late, early, elsewhere] = (await internTestUsers(db, ...ids)) as [number, number, number];
    const keys = await db.write(internNames, {
      users: [],
      types: [],
      stateKeys: ids.map((id) => ['m.room.member', id] as const),
    });
    for (const user of [early, late, elsewhere]) await room.member(user, 'join', false);
    const found = await db.read((tx) => memberKeysOfServer(tx, room.nid, there, 10));
    expect(found).toEqual([keys.stateKeys[1], keys.stateKeys[0]]);
    expect(await db.read((tx) => memberKeysOfServer(tx, room.nid, there, 1))).toEqual([keys.stateKeys[1]]);
  });

  it('reads rooms, and events by id and nid', async () => {
    const db = await open();
    const room = await storeRoom(db, '!room:here.test');
    const other = await storeRoom(db, '!other:here.test');
    const [user] = (await internTestUsers(db, '@a:there.test')) as [number];
    const event = await room.send({ sender: user });
    const elsewhere = await other.send({ sender: user });
    expect(await db.read((tx) => askedRoomById(tx, room.roomId as RoomId))).toMatchObject({
      nid: room.nid,
      version: '12',
      residency: 1,
    });
    expect((await db.read((tx) => askedRoomByNid(tx, room.nid)))?.roomId).toBe(room.roomId);
    expect(await db.read((tx) => askedRoomById(tx, unknown))).toBeUndefined();
    const wanted = [event.eventId, elsewhere.eventId, '$unknown'] as never[];
    expect(await db.read((tx) => eventNidsOf(tx, room.nid, wanted))).toEqual(new Map([[event.eventId, event.nid]]));
    expect(await db.read((tx) => eventNidsOf(tx, room.nid, []))).toEqual(new Map());
    expect(await db.read((tx) => restsOf(tx, [event.nid, 999_999]))).toEqual([{ nid: event.nid, rest: '{}' }]);
    expect(await db.read((tx) => serversOfPartialJoin(tx, room.nid))).toEqual([]);
  });
});
