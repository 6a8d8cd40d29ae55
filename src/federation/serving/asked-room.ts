// Whether a server may ask about a room. Server-Server API, "Server Access Control Lists" and the endpoints' own words:
// "The requesting host is not in the room, or is excluded from the room via m.room.server_acl."

import { LruCache } from '../../lib/lru-cache.ts';
import { forbidden, type MatrixError } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomId, ServerName } from '../../protocol/ids/branded.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';
import { mayTakePart } from '../../protocol/server-acl/server-acl.ts';
import type { RoomRef } from '../../rooms/room-ref.ts';
import { bytesToHash, type RoomState } from '../../rooms/state/room-state.ts';
import type { NodeHash } from '../../rooms/state-tree/state-node.ts';
import type { Database, ReadTx } from '../../storage/database.ts';
import { contentsOf } from '../../storage/stores/events.ts';
import { lastJoinEnd } from '../../storage/stores/room-history.ts';
import {
  type AskedRoomRow,
  askedRoomById,
  departuresOf,
  hasMemberOf,
  serversOfPartialJoin,
} from '../../storage/stores/server-questions.ts';

export interface AskedRoom extends RoomRef {
  /** The room's current state. */
  readonly stateRoot: NodeHash;
  readonly server: ServerName;
  /** Until which position a user of the server was joined: Infinity while one is. */
  readonly joinedUntil: number;
  /** This server does not know the room's whole state yet. */
  readonly isPartial: boolean;
}

/** `member`: a user of theirs is in the room now. `formerMember`: or was, for what they were there for. */
export type Standing = 'member' | 'formerMember';

/** Answers remembered; they hold as long as the room's state does. */
const ANSWERS_MAX = 20_000;
/** Users of a server that are looked at to find when the last of them left. */
const DEPARTURES_MAX = 100;
const RESIDENT = 1;
const RESIDENT_IN_PART = 2;

/** The same for rooms that do not exist, so that nobody learns which do. */
const notInRoom = (): MatrixError => forbidden('Your server is not in this room.');

export const createAskedRooms = ({ db, state }: { db: Database; state: RoomState }) => {
  const joinedUntils = new LruCache<string, number>(ANSWERS_MAX);

  const joinedUntil = async (tx: ReadTx, room: AskedRoomRow, server: ServerName): Promise<number> => {
    const key = `${bytesToHash(room.stateRoot)} ${room.nid} ${server}`;
    const known = joinedUntils.get(key);
    if (known !== undefined) return known;
    const isIn = await hasMemberOf(tx, room.nid, server, 'join');
    const until = isIn ? Number.POSITIVE_INFINITY : await lastDeparture(tx, room.nid, server);
    joinedUntils.set(key, until);
    return until;
  };

  const read = async (tx: ReadTx, server: ServerName, roomId: RoomId): Promise<AskedRoom | undefined> => {
    const row = await askedRoomById(tx, roomId);
    const version = row && roomVersion(row.version);
    if (!row || !version || (row.residency !== RESIDENT && row.residency !== RESIDENT_IN_PART)) return undefined;
    const isPartial = row.residency === RESIDENT_IN_PART;
    const isToldToBeIn = isPartial && (await serversOfPartialJoin(tx, row.nid)).includes(server);
    return {
      nid: row.nid,
      roomId,
      version,
      stateRoot: bytesToHash(row.stateRoot),
      server,
      joinedUntil: isToldToBeIn ? Number.POSITIVE_INFINITY : await joinedUntil(tx, row, server),
      isPartial,
    };
  };

  const find = async (server: ServerName, roomId: RoomId, standing: Standing): Promise<AskedRoom | undefined> => {
    const room = await db.read((tx) => read(tx, server, roomId));
    if (!room || room.joinedUntil === Number.NEGATIVE_INFINITY) return undefined;
    if (standing === 'member' && room.joinedUntil !== Number.POSITIVE_INFINITY) return undefined;
    // "When a remote server makes a request, it MUST be verified to be allowed by the server ACLs."
    const [acl] = await state.pick(room, room.stateRoot, [['m.room.server_acl', '']]);
    return mayTakePart(acl?.content, server) ? room : undefined;
  };

  return {
    /** undefined: they may not, or there is no such room here. */
    find,

    /** Throws M_FORBIDDEN. */
    async require(server: ServerName, roomId: RoomId, standing: Standing): Promise<AskedRoom> {
      const room = await find(server, roomId, standing);
      if (!room) throw notInRoom();
      return room;
    },
  };
};

export type AskedRooms = ReturnType<typeof createAskedRooms>;

/** -Infinity: none of them was ever joined. */
const lastDeparture = async (tx: ReadTx, room: number, server: ServerName): Promise<number> => {
  const isJoin = async (nid: number): Promise<boolean> => {
    const content = (await contentsOf(tx, [nid])).get(nid);
    return content !== undefined && (JSON.parse(content) as JsonObject).membership === 'join';
  };
  let last = Number.NEGATIVE_INFINITY;
  for (const event of await departuresOf(tx, room, server, DEPARTURES_MAX)) {
    last = Math.max(last, await lastJoinEnd(tx, event, isJoin));
  }
  return last;
};
