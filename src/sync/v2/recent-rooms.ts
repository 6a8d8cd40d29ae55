// The newest events of rooms in memory, as they are told to everybody who listens: read once, and put into text once.

import { LruCache } from '../../lib/lru-cache.ts';
import { openEventText } from '../../rooms/read/event-text.ts';
import type { RoomRef } from '../../rooms/room-ref.ts';
import type { ReadTx } from '../../storage/database.ts';
import { type StoredEvent, timeline } from '../../storage/stores/events.ts';
import { eventsAfterGaps, latestReceipt, redactedAmong, relatedAmong } from '../../storage/stores/sync-rooms.ts';
import type { Stream } from '../../stream/stream.ts';
import { type RoomStateAt, roomStateAt } from './room-state.ts';

/** An event with what is the same for whoever looks. */
export interface TimelineEvent {
  readonly event: StoredEvent;
  /** Others relate to it, so its text depends on who looks and when. */
  readonly isRelatedTo: boolean;
  /** What came before it is not here. */
  readonly followsGap: boolean;
  /** The text without `room_id`, `unsigned` and the closing brace. */
  readonly opened: string;
}

export interface RecentRoom {
  /** Complete above this position. */
  readonly after: number;
  readonly upTo: number;
  /** Oldest first. */
  readonly events: readonly TimelineEvent[];
  /** At `upTo`. */
  readonly state: RoomStateAt;
  /** Position of the latest receipt in the room, 0 for none. */
  readonly receipts: number;
}

export interface RecentRooms {
  /** What is remembered up to `now`, or read; undefined: the room has moved on since `now`. */
  of(tx: ReadTx, room: RoomRef, now: number): Promise<RecentRoom | undefined>;
}

const ROOMS_MAX = 500;
const EVENTS_MAX = 20;
/** A room with more text than this in its newest events is read each time. */
const TEXT_LENGTH_MAX = 64 * 1024;

export const createRecentRooms = ({ stream }: { stream: Stream }): RecentRooms => {
  const rooms = new LruCache<number, RecentRoom>(ROOMS_MAX);

  const keep = (room: RoomRef, recent: RecentRoom): RecentRoom => {
    const length = recent.events.reduce((sum, { opened }) => sum + opened.length, 0);
    if (length <= TEXT_LENGTH_MAX) rooms.set(room.nid, recent);
    else rooms.delete(room.nid);
    return recent;
  };

  /** Reads of rooms that are under way: who wakes with others reads with them. */
  const reading = new Map<number, { readonly upTo: number; readonly found: Promise<RecentRoom | undefined> }>();

  const read = async (tx: ReadTx, room: RoomRef, now: number): Promise<RecentRoom | undefined> => {
    const known = rooms.get(room.nid);
    const fresh = (known && (await extendRecent(tx, room, known, now))) ?? (await loadRecent(tx, room, now));
    return fresh && keep(room, fresh);
  };

  return {
    async of(tx, room, now) {
      const known = rooms.get(room.nid);
      if (known && known.upTo >= now) return known.state.position <= now ? known : undefined;
      if (known && stream.rooms.changedSince(room.nid, known.upTo) === false) {
        return keep(room, { ...known, upTo: now });
      }
      const other = reading.get(room.nid);
      if (other?.upTo === now) return other.found;
      const found = read(tx, room, now);
      const mine = { upTo: now, found };
      reading.set(room.nid, mine);
      return found.finally(() => {
        if (reading.get(room.nid) === mine) reading.delete(room.nid);
      });
    },
  };
};

const loadRecent = async (tx: ReadTx, room: RoomRef, now: number): Promise<RecentRoom | undefined> => {
  const state = await roomStateAt(tx, room.nid, now);
  if (!state) return undefined;
  const found = await timeline(tx, {
    room: room.nid,
    after: Number.MIN_SAFE_INTEGER,
    upTo: now,
    backwards: true,
    limit: EVENTS_MAX,
  });
  const events = await timelineEvents(tx, room, found.reverse());
  const isWhole = events.length < EVENTS_MAX;
  return {
    after: isWhole ? Number.MIN_SAFE_INTEGER : events[0]!.event.position! - 1,
    upTo: now,
    events,
    state,
    receipts: await latestReceipt(tx, room.nid),
  };
};

/** undefined: what is remembered is no good any more. */
const extendRecent = async (
  tx: ReadTx,
  room: RoomRef,
  known: RecentRoom,
  now: number,
): Promise<RecentRoom | undefined> => {
  const range = { room: room.nid, after: known.upTo, upTo: now, backwards: false, limit: EVENTS_MAX };
  const found = await timeline(tx, range);
  if (found.length === EVENTS_MAX) return undefined;
  const kept = known.events.slice(-(EVENTS_MAX - found.length));
  if (await hasRedacted(tx, kept)) return undefined;
  const added = await timelineEvents(tx, room, found);
  const related = await relatedAmong(
    tx,
    kept.map(({ event }) => event.eventId),
  );
  const before = kept.map((each) =>
    each.isRelatedTo === related.has(each.event.eventId) ? each : { ...each, isRelatedTo: !each.isRelatedTo },
  );
  return {
    after: kept.length === known.events.length ? known.after : (kept[0] ?? added[0])!.event.position! - 1,
    upTo: now,
    events: [...before, ...added],
    state: (await roomStateAt(tx, room.nid, now)) ?? known.state,
    receipts: await latestReceipt(tx, room.nid),
  };
};

const hasRedacted = async (tx: ReadTx, events: readonly TimelineEvent[]): Promise<boolean> => {
  const nids = events.filter(({ event }) => event.redactedBy === null).map(({ event }) => event.nid);
  return (await redactedAmong(tx, nids)).size > 0;
};

export const timelineEvents = async (
  tx: ReadTx,
  room: RoomRef,
  events: readonly StoredEvent[],
): Promise<TimelineEvent[]> => {
  const related = await relatedAmong(
    tx,
    events.map(({ eventId }) => eventId),
  );
  const gaps = await eventsAfterGaps(
    tx,
    room.nid,
    events.map(({ nid }) => nid),
  );
  return events.map((event) => ({
    event,
    isRelatedTo: related.has(event.eventId),
    followsGap: gaps.has(event.nid),
    opened: openEventText(event, room, false),
  }));
};
