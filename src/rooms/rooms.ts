// The room engine's front: create a room, send into it. The only way by which local events come to be.

import type { Clock } from '../lib/clock.ts';
import { keyedLock } from '../lib/keyed-lock.ts';
import { LruCache } from '../lib/lru-cache.ts';
import { notFound } from '../protocol/errors/matrix-error.ts';
import type { EventId, RoomId, ServerName } from '../protocol/ids/branded.ts';
import { roomVersion } from '../protocol/room-versions/room-versions.ts';
import type { SigningKey } from '../protocol/signing/signing-key.ts';
import type { Database } from '../storage/database.ts';
import { roomById } from '../storage/stores/rooms.ts';
import { createEventNids } from './event-nids.ts';
import { createNames } from './names.ts';
import type { NotificationPort } from './ports.ts';
import type { RoomRef } from './room-ref.ts';
import { createRoom, type RoomCreation } from './send/create-room.ts';
import type { Draft, SentEvent } from './send/draft.ts';
import { sendEvents } from './send/send-events.ts';
import { createRoomState, type RoomState } from './state/room-state.ts';
import { createWarmRooms, type WarmRooms } from './warm-rooms.ts';

export interface RoomsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly signingKey: SigningKey;
  readonly notifications: NotificationPort;
}

/** What the functions of the engine share. */
export interface Engine extends RoomsDeps {
  readonly names: ReturnType<typeof createNames>;
  readonly nids: ReturnType<typeof createEventNids>;
  readonly state: RoomState;
  readonly warm: WarmRooms;
  /** One drafter per room at a time. Held while drafting and enqueueing, never while waiting for the disk or a network. */
  readonly lock: ReturnType<typeof keyedLock<RoomId>>;
  /** Reference hashes of events in rooms of versions 1 and 2, which references to them carry. */
  readonly referenceHashes: LruCache<EventId, string>;
}

export interface Rooms {
  readonly state: RoomState;
  readonly names: Engine['names'];
  /** undefined: this server does not know the room. */
  find(roomId: RoomId): Promise<RoomRef | undefined>;
  /** Throws M_NOT_FOUND. */
  require(roomId: RoomId): Promise<RoomRef>;
  /**
   * Sends one event of a local user; resolves when it is on disk. Throws M_FORBIDDEN with the rule that refuses it,
   * M_NOT_FOUND for an unknown room, M_TOO_LARGE for an event over the size limits.
   */
  send(roomId: RoomId, draft: Draft): Promise<SentEvent>;
  /** Sends several events in one transaction: all or none. */
  sendAll(roomId: RoomId, drafts: readonly Draft[]): Promise<SentEvent[]>;
  /** Creates a room and its first events in one transaction. */
  create(creation: RoomCreation): Promise<RoomRef>;
}

const REFERENCE_HASHES_MAX = 10_000;

export const createRooms = (deps: RoomsDeps): Rooms => {
  const names = createNames(deps);
  const engine: Engine = {
    ...deps,
    names,
    nids: createEventNids(deps),
    state: createRoomState({ db: deps.db, names }),
    warm: createWarmRooms(deps),
    lock: keyedLock<RoomId>(),
    referenceHashes: new LruCache<EventId, string>(REFERENCE_HASHES_MAX),
  };
  const find = (roomId: RoomId): Promise<RoomRef | undefined> => findRoom(deps.db, roomId);
  return {
    state: engine.state,
    names,
    find,
    async require(roomId) {
      const room = await find(roomId);
      if (!room) throw notFound(`This server does not know the room ${roomId}.`);
      return room;
    },
    async send(roomId, draft) {
      const [sent] = await sendEvents(engine, roomId, [draft]);
      return sent!;
    },
    sendAll: (roomId, drafts) => sendEvents(engine, roomId, drafts),
    create: (creation) => createRoom(engine, creation),
  };
};

const findRoom = (db: Database, roomId: RoomId): Promise<RoomRef | undefined> =>
  db.read(async (tx) => {
    const stored = await roomById(tx, roomId);
    const version = stored && roomVersion(stored.version);
    return stored && version ? { nid: stored.nid, roomId, version } : undefined;
  });
