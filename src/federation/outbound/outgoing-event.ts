// Events that leave this server with their texts, which all destinations share.

import type { Clock } from '../../lib/clock.ts';
import { LruCache } from '../../lib/lru-cache.ts';
import { joinPdu } from '../../protocol/events/join-pdu.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';
import type { Database } from '../../storage/database.ts';
import { eventsAtPositions } from '../../storage/stores/events.ts';
import { roomByNid } from '../../storage/stores/rooms.ts';

export interface OutgoingEvent {
  readonly position: number;
  readonly room: number;
  /** The PDU's canonical JSON. */
  readonly pdu: string;
  /** How many destinations do not have it, of those it was handed to. */
  waiting: number;
}

interface Room {
  readonly roomId: RoomId;
  readonly version: RoomVersion;
}

const ROOMS_MAX = 10_000;
/** Servers that were away together miss the same events: read once for all of them. */
const SHARED_MAX = 1000;
/** An event that was redacted meanwhile goes out as what is left of it. */
const SHARED_MS = 30_000;

export const createEventLoader = ({ db, clock }: { readonly db: Database; readonly clock: Clock }) => {
  const rooms = new LruCache<number, Room>(ROOMS_MAX);
  const shared = new LruCache<number, { readonly event: OutgoingEvent; readonly atMs: number }>(SHARED_MAX);

  const roomOf = async (nid: number): Promise<Room | undefined> => {
    const known = rooms.get(nid);
    if (known) return known;
    const stored = await db.read((tx) => roomByNid(tx, nid));
    const version = stored && roomVersion(stored.version);
    if (!version) return undefined;
    const room = { roomId: stored.roomId, version };
    rooms.set(nid, room);
    return room;
  };

  /** Events at some positions with their texts, in order; those that are not stored any more are left out. */
  return async (positions: readonly number[]): Promise<OutgoingEvent[]> => {
    const atMs = clock.monotonic();
    const known = positions.map((position) => shared.get(position)).filter((each) => each !== undefined);
    const events = known.filter((each) => atMs - each.atMs < SHARED_MS).map(({ event }) => event);
    const has = new Set(events.map(({ position }) => position));
    const absent = positions.filter((position) => !has.has(position));
    const stored = absent.length === 0 ? [] : await db.read((tx) => eventsAtPositions(tx, absent));
    for (const row of stored) {
      const room = await roomOf(row.room);
      // Not of a room whose version this server has forgotten.
      if (!room) continue;
      const { roomId, version } = room;
      const event = { position: row.position!, room: row.room, pdu: joinPdu(row, roomId, version), waiting: 0 };
      shared.set(event.position, { event, atMs });
      events.push(event);
    }
    return events.sort((a, b) => a.position - b.position);
  };
};
