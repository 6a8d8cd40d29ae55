// Rooms made by the room engine on a real database, with people who read them: for tests of what is read.

import { silentLog } from '../../src/lib/log.ts';
import { manualClock } from '../../src/lib/manual-clock.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { EventId, RoomId, ServerName, UserId } from '../../src/protocol/ids/branded.ts';
import type { RoomVersionId } from '../../src/protocol/room-versions/room-version.ts';
import { roomVersion } from '../../src/protocol/room-versions/room-versions.ts';
import { signingKeyFromSeed } from '../../src/protocol/signing/signing-key.ts';
import type { Viewer } from '../../src/rooms/read/room-reader.ts';
import { createRoomReads } from '../../src/rooms/read/room-reads.ts';
import { createRooms, type RoomsDeps } from '../../src/rooms/rooms.ts';
import { createSearchIndex } from '../../src/rooms/search/search-index.ts';
import type { Draft } from '../../src/rooms/send/draft.ts';
import type { Database } from '../../src/storage/database.ts';

const serverName = 'example.org' as ServerName;

export interface TestPerson {
  readonly userId: UserId;
  readonly viewer: Viewer;
}

export interface TestRoomOptions {
  readonly version?: RoomVersionId;
  readonly visibility?: string;
  readonly joinRule?: string;
  readonly createContent?: JsonObject;
  readonly name?: string;
}

export const openTestRooms = (db: Database, more: Pick<RoomsDeps, 'policyServers'> = {}) => {
  const clock = manualClock();
  const rooms = createRooms({
    db,
    clock,
    serverName,
    signingKey: signingKeyFromSeed('ed25519:test', Buffer.alloc(32, 7).toString('base64')),
    notifications: { judge: async () => ({ notifies: false, highlights: false, exceptions: [] }) },
    ...more,
  });
  const searchIndex = createSearchIndex({ db, clock, log: silentLog });
  const remoteRooms = { of: async () => undefined, resolve: async () => undefined };
  const history = { fetchBelow: async () => false, eventNearTime: async () => undefined };
  const deps = { db, clock, state: rooms.state, names: rooms.names };
  const reads = createRoomReads({ ...deps, searchIndex, remoteRooms, history });

  const send = async (roomId: RoomId, draft: Draft): Promise<EventId> => {
    // Each event has a time of its own.
    await clock.advance(1);
    return (await rooms.send(roomId, draft)).eventId;
  };
  const person = async (name: string, device?: number): Promise<TestPerson> => {
    const userId = `@${name}:${serverName}` as UserId;
    const { users } = await rooms.names.intern({ users: [userId], types: [], stateKeys: [] });
    return { userId, viewer: { user: users[0]!, userId, device } };
  };
  const setState = (roomId: RoomId, by: TestPerson, type: string, stateKey: string, content: JsonObject) =>
    send(roomId, { type, stateKey, sender: by.userId, content });

  return {
    clock,
    rooms,
    reads,
    send,
    person,
    setState,
    /** A room as a preset would make it: create, the creator's join, power levels, join rule, history visibility, name. */
    async create(by: TestPerson, options: TestRoomOptions = {}): Promise<RoomId> {
      await clock.advance(1);
      const { version = '11', visibility = 'shared', joinRule = 'public', createContent = {}, name } = options;
      const state = (type: string, content: JsonObject, stateKey = ''): Draft => ({
        type,
        stateKey,
        sender: by.userId,
        content,
      });
      const isOld = Number(version) < 11;
      const room = await rooms.create({
        version: roomVersion(version)!,
        create: state('m.room.create', {
          ...createContent,
          room_version: version,
          ...(isOld && { creator: by.userId }),
        }),
        rest: () => [
          state('m.room.member', { membership: 'join', displayname: by.userId.slice(1, 4) }, by.userId),
          state('m.room.power_levels', version === '12' ? {} : { users: { [by.userId]: 100 } }),
          state('m.room.join_rules', { join_rule: joinRule }),
          state('m.room.history_visibility', { history_visibility: visibility }),
          ...(name === undefined ? [] : [state('m.room.name', { name })]),
        ],
      });
      return room.roomId;
    },
    member: (roomId: RoomId, by: TestPerson, membership: string, target = by) =>
      setState(roomId, by, 'm.room.member', target.userId, { membership }),
    say: (roomId: RoomId, by: TestPerson, body: string, more: JsonObject = {}) =>
      send(roomId, { type: 'm.room.message', sender: by.userId, content: { msgtype: 'm.text', body, ...more } }),
    relate: (roomId: RoomId, by: TestPerson, relType: string, target: EventId, more: JsonObject = {}) =>
      send(roomId, {
        type: 'm.room.message',
        sender: by.userId,
        content: { msgtype: 'm.text', body: relType, 'm.relates_to': { rel_type: relType, event_id: target }, ...more },
      }),
    redact: (roomId: RoomId, by: TestPerson, redacts: EventId) =>
      send(roomId, { type: 'm.room.redaction', sender: by.userId, content: {}, redacts }),
  };
};

export type TestRooms = ReturnType<typeof openTestRooms>;
