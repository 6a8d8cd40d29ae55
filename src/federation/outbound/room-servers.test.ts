// Which servers are in a room, and were.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFreshSqlite } from '../../../tests/harness/databases.ts';
import { createForeignRoom } from '../../../tests/harness/foreign-events.ts';
import { openTestRooms, type TestPerson, type TestRooms } from '../../../tests/harness/rooms.ts';
import type { EventId, RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import type { IncomingEvent } from '../../rooms/receive/incoming.ts';
import { bytesToHash } from '../../rooms/state/room-state.ts';
import type { Database } from '../../storage/database.ts';
import { eventById } from '../../storage/stores/events.ts';
import { isStateWhole } from '../../storage/stores/partial-joins.ts';
import { createStream } from '../../stream/stream.ts';
import { createRoomServers, type RoomServers, withTold } from './room-servers.ts';

const serverName = 'example.org' as ServerName;

let stack: AsyncDisposableStack;
let db: Database;
let rooms: TestRooms;
let alice: TestPerson;
let roomServers: RoomServers;
let reads: number;

const open = (): RoomServers => {
  const stream = createStream({ db });
  const counted: Database = {
    ...db,
    read: (work) => {
      reads += 1;
      return db.read(work);
    },
  };
  return createRoomServers({ db: counted, stream, serverName, source: rooms.rooms.state.source });
};

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  ({ database: db } = stack.use(await openFreshSqlite()));
  rooms = openTestRooms(db);
  alice = await rooms.person('alice');
  reads = 0;
  roomServers = open();
});
afterEach(() => stack.disposeAsync());

const member = (roomId: RoomId, user: string, membership: string): Promise<EventId> =>
  rooms.send(roomId, {
    type: 'm.room.member',
    stateKey: user as UserId,
    sender: membership === 'ban' ? alice.userId : (user as UserId),
    content: { membership },
  });
const after = async (eventId: EventId): Promise<string[]> => {
  const event = await db.read((tx) => eventById(tx, eventId));
  return [...(await roomServers.at(event!.room, bytesToHash(event!.stateRoot!)))].sort();
};
const now = async (roomId: RoomId): Promise<string[]> => [...(await roomServers.serversIn(roomId))].sort();

test('follow the members, of whom a server may have several', async () => {
  const roomId = await rooms.create(alice);
  expect(await now(roomId)).toEqual([]);
  const steps: [string, string, string[]][] = [
    ['@a:one.test', 'join', ['one.test']],
    ['@b:one.test', 'join', ['one.test']],
    ['@a:two.test', 'join', ['one.test', 'two.test']],
    ['@a:one.test', 'leave', ['one.test', 'two.test']],
    ['@b:one.test', 'ban', ['two.test']],
    ['@x:three.test', 'ban', ['two.test']],
    ['@b:two.test', 'join', ['two.test']],
    ['@b:two.test', 'leave', ['two.test']],
    ['@bob:example.org', 'join', ['two.test']],
    ['@a:two.test', 'leave', []],
  ];
  const events: EventId[] = [];
  for (const [user, membership, expected] of steps) {
    events.push(await member(roomId, user, membership));
    expect(await now(roomId)).toEqual(expected);
  }
  // The same of the past, forwards and backwards, and by one who reads them for the first time.
  for (const [index, [, , expected]] of steps.entries()) expect(await after(events[index]!)).toEqual(expected);
  for (const [index, [, , expected]] of [...steps.entries()].reverse())
    expect(await after(events[index]!)).toEqual(expected);
  roomServers = open();
  for (const [index, [, , expected]] of [...steps.entries()].reverse())
    expect(await after(events[index]!)).toEqual(expected);
});

test('are remembered while nothing happens, and are the same set while no server comes or goes', async () => {
  const roomId = await rooms.create(alice);
  await member(roomId, '@a:one.test', 'join');
  const before = await roomServers.serversIn(roomId);
  const readsBefore = reads;
  expect(await roomServers.serversIn(roomId)).toBe(before);
  expect(reads).toBe(readsBefore);
  await rooms.say(roomId, alice, 'hello');
  await rooms.setState(roomId, alice, 'm.room.topic', '', { topic: 'other' });
  await member(roomId, '@b:one.test', 'join');
  expect(await roomServers.serversIn(roomId)).toBe(before);
  await member(roomId, '@c:two.test', 'join');
  expect(await now(roomId)).toEqual(['one.test', 'two.test']);
  expect([...before]).toEqual(['one.test']);
});

test('are none in rooms that are not known', async () => {
  expect(await now('!none:example.org' as RoomId)).toEqual([]);
  expect((await roomServers.at(999, '00'.repeat(32))).size).toBe(0);
});

test('are those that another server told of while the members are not all known', () => {
  const servers = new Set(['one.test'] as ServerName[]);
  expect(withTold(servers, undefined, serverName)).toBe(servers);
  expect([...withTold(servers, ['two.test', serverName] as ServerName[], serverName)]).toEqual([
    'one.test',
    'two.test',
  ]);
});

test('where very many members differ, the servers are those of the state all the same', async () => {
  const roomId = await rooms.create(alice);
  const first = await member(roomId, '@first:one.test', 'join');
  expect(await now(roomId)).toEqual(['one.test']);
  const joins = Array.from({ length: 1200 }, (_, n) => {
    const userId = `@user${n}:server${n % 3}.test` as UserId;
    return { type: 'm.room.member', stateKey: userId, sender: userId, content: { membership: 'join' } };
  });
  await rooms.rooms.sendAll(roomId, joins);
  const crowd = ['one.test', 'server0.test', 'server1.test', 'server2.test'];
  expect(await now(roomId)).toEqual(crowd);
  const left = await member(roomId, '@first:one.test', 'leave');
  expect(await now(roomId)).toEqual(crowd.slice(1));
  expect(await after(left)).toEqual(crowd.slice(1));
  // Of a state that is not the current one as well.
  roomServers = open();
  expect(await after(first)).toEqual(['one.test']);
});

test('those counted while the members of a room are still being written are not kept', async () => {
  const room = createForeignRoom();
  const carol = room.member('@carol:third.test', 'join');
  const joined = room.joinOf(alice.userId);
  const isMember = ({ event }: IncomingEvent): boolean => event.type === 'm.room.member';
  const { receive } = rooms.rooms;
  await receive.enterRoom({ ...joined, state: joined.state.filter((one) => !isMember(one)), isPartial: true });
  await receive.storeState(room.roomId, joined.state);
  const { nid } = await rooms.rooms.require(room.roomId);
  const counted: string[][] = [];
  const looks: Promise<void>[] = [];
  const look = async (): Promise<void> => {
    if (await db.read((tx) => isStateWhole(tx, nid))) counted.push(await now(room.roomId));
  };
  db.onCommit(() => looks.push(look()));
  const told = { roomId: room.roomId, joinEventId: joined.join.event.eventId };
  await receive.completeJoin({ ...told, state: joined.state.map(({ event }) => event.eventId) });
  await Promise.all(looks);
  expect(counted).not.toEqual([]);
  expect(await now(room.roomId)).toEqual(['elsewhere.example', 'third.test']);
  const leaves = room.member('@carol:third.test', 'leave', '@carol:third.test', {
    auth: [...carol.event.authEvents.slice(0, 2), carol.event.eventId],
  });
  await receive.accept(room.roomId, [leaves], { as: 'new', onMissing: 'wait' });
  expect(await now(room.roomId)).toEqual(['elsewhere.example']);
});
