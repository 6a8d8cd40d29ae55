// What the dispatch to other servers keeps: its own position, who is behind it, and the events that they miss.

import { beforeEach, describe, expect, test } from 'vitest';
import type { ServerName } from '../../src/protocol/ids/branded.ts';
import type { Database } from '../../src/storage/database.ts';
import { windowEnd } from '../../src/storage/stores/events.ts';
import { internNames } from '../../src/storage/stores/names.ts';
import {
  destinationCursor,
  destinationCursors,
  missedInRoom,
  missedPositions,
  moveOutbound,
  newestMissed,
  OUTBOUND,
  type OutboundMove,
  outgoingAt,
  outgoingBetween,
} from '../../src/storage/stores/outgoing-events.ts';
import {
  memberKeysAmong,
  roomsOfServer,
  serversOfPartialJoins,
  serversOfRoom,
} from '../../src/storage/stores/room-servers.ts';
import { streamCursor } from '../../src/storage/stores/stream-cursors.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { internTestUsers, storeRoom } from '../harness/stored-room.ts';

const own = 'example.org' as ServerName;
const far = 'far.test:8448' as ServerName;
const near = 'near.test' as ServerName;

describeOnBothEngines('events on their way out', (open) => {
  let db: Database;
  beforeEach(async () => {
    db = await open();
  });

  const move = (args: Partial<OutboundMove> & { position: number }) =>
    db.write(moveOutbound, { behind: [], caughtUp: [], events: [], prunes: false, ...args });
  const at = (room: number, ...positions: number[]) => positions.map((position) => ({ room, position }));
  const missed = (rooms: number[], after: number, upTo: number, limit = 100) =>
    db.read((tx) => missedPositions(tx, { rooms, after, upTo, limit }));

  test('are those of this server, in order', async () => {
    const [alice, bob, mallory] = await internTestUsers(
      db,
      '@alice:example.org',
      `@bob:${far}`,
      '@x:evil.test:example.org',
    );
    const room = await storeRoom(db, '!room:test');
    const first = await room.send({ sender: alice! });
    await room.send({ sender: bob! });
    await room.send({ sender: mallory! });
    const joined = await room.member(alice!, 'join');
    const rows = await db.read((tx) => outgoingBetween(tx, { serverName: own, after: 0, upTo: 1000 }));
    expect(rows.map(({ position, isMember, sender, room: nid }) => ({ position, isMember, sender, nid }))).toEqual([
      { position: first.position, isMember: 0, sender: '@alice:example.org', nid: room.nid },
      { position: joined.position, isMember: 1, sender: '@alice:example.org', nid: room.nid },
    ]);
    expect(rows[0]!.stateRoot).toBeInstanceOf(Uint8Array);
    const later = { serverName: own, after: first.position, upTo: joined.position - 1 };
    expect(await db.read((tx) => outgoingBetween(tx, later))).toEqual([]);
    expect(await db.read((tx) => outgoingAt(tx, [joined.position, first.position, 999]))).toEqual(rows);
  });

  test('are looked at a number at a time', async () => {
    const [alice] = await internTestUsers(db, '@alice:example.org');
    const room = await storeRoom(db, '!room:test');
    const events = [];
    for (let i = 0; i < 3; i++) events.push(await room.send({ sender: alice! }));
    const after = events[0]!.position - 1;
    const end = (limit: number): Promise<number> => db.read((tx) => windowEnd(tx, { after, upTo: 1000, limit }));
    expect(await end(2)).toBe(events[1]!.position);
    expect(await end(3)).toBe(events[2]!.position);
    expect(await end(4)).toBe(1000);
  });

  test('a move tells who is behind and what they miss, all at once', async () => {
    expect(await db.read((tx) => streamCursor(tx, OUTBOUND))).toBeUndefined();
    const behind = [
      { destination: near, position: 7 },
      { destination: far, position: 3 },
    ];
    await move({ position: 10, behind, events: [...at(1, 4, 8), ...at(2, 9)] });
    expect(await db.read((tx) => streamCursor(tx, OUTBOUND))).toBe(10);
    expect(await db.read(destinationCursors)).toEqual([behind[1], behind[0]]);
    await move({ position: 12, behind: [{ destination: far, position: 5 }], caughtUp: [near], events: at(1, 8, 11) });
    expect(await db.read(destinationCursors)).toEqual([{ destination: far, position: 5 }]);
    expect(await db.read((tx) => destinationCursor(tx, far))).toBe(5);
    expect(await db.read((tx) => destinationCursor(tx, near))).toBeUndefined();
    expect(await missed([1, 2], 0, 100)).toEqual([4, 8, 9, 11]);
    expect(await missed([1, 2], 4, 9)).toEqual([8, 9]);
    expect(await missed([1], 0, 100, 2)).toEqual([4, 8]);
    expect(await missed([], 0, 100)).toEqual([]);
    const range = { rooms: [1, 2], after: 0, upTo: 100 };
    expect(await db.read((tx) => newestMissed(tx, { ...range, limit: 10 }))).toEqual([
      { room: 2, position: 9 },
      { room: 1, position: 11 },
    ]);
    expect(await db.read((tx) => newestMissed(tx, { ...range, limit: 1 }))).toEqual([{ room: 2, position: 9 }]);
    expect(await db.read((tx) => missedInRoom(tx, { room: 1, after: 4, before: 11, limit: 5 }))).toEqual([8]);
  });

  test('what nobody misses is deleted', async () => {
    await move({ position: 10, behind: [{ destination: far, position: 5 }], events: at(1, 4, 5, 6, 9) });
    await move({ position: 11, prunes: true });
    expect(await missed([1], 0, 100)).toEqual([6, 9]);
    await move({ position: 12, caughtUp: [far], prunes: true });
    expect(await missed([1], 0, 100)).toEqual([]);
  });
});

describeOnBothEngines('servers of rooms', (open) => {
  describe('by their members', () => {
    test('are counted, without this one and without those who left', async () => {
      const db = await open();
      const users = await internTestUsers(db, `@a:${far}`, `@b:${far}`, `@c:${near}`, '@d:gone.test', '@e:example.org');
      const [a, b, c, d, e] = users as [number, number, number, number, number];
      const room = await storeRoom(db, '!room:test');
      for (const user of [a, b, c, d]) await room.member(user, 'join', false);
      await room.member(e, 'join', true);
      const left = await room.member(d, 'leave', false);
      const found = await db.read((tx) => serversOfRoom(tx, room.nid));
      expect(new Map(found.map(({ server, members }) => [server, members]))).toEqual(
        new Map([
          [far, 2],
          [near, 1],
        ]),
      );
      expect(await db.read((tx) => serversOfRoom(tx, 999))).toEqual([]);
      const gone = 'gone.test' as ServerName;
      expect(await db.read((tx) => roomsOfServer(tx, far, 1000))).toEqual([room.nid]);
      expect(await db.read((tx) => roomsOfServer(tx, gone, left.position))).toEqual([]);
      expect(await db.read((tx) => roomsOfServer(tx, gone, left.position - 1))).toEqual([room.nid]);
      expect(await db.read((tx) => roomsOfServer(tx, 'test' as ServerName, 0))).toEqual([]);
    });

    test('state keys of members are told from others', async () => {
      const db = await open();
      const pairs = [
        ['m.room.member', `@a:${far}`],
        ['m.room.topic', `@a:${far}`],
      ] as const;
      const { stateKeys } = await db.write(internNames, { users: [], types: [], stateKeys: pairs });
      expect(await db.read((tx) => memberKeysAmong(tx, stateKeys))).toEqual(new Map([[stateKeys[0], `@a:${far}`]]));
      expect(await db.read((tx) => serversOfPartialJoins(tx, [1, 2]))).toEqual(new Map());
    });
  });
});
