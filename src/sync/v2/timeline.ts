// The newest events of a room in a part of the stream that a viewer may see and a filter lets pass.

import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomEventFilter } from '../../protocol/filters/event-filter.ts';
import type { RoomReader } from '../../rooms/read/room-reader.ts';
import type { RoomRef } from '../../rooms/room-ref.ts';
import type { ReadTx } from '../../storage/database.ts';
import { type StoredEvent, timeline } from '../../storage/stores/events.ts';
import type { SyncViewer } from './request.ts';

export interface TimelinePage {
  /** Oldest first. */
  readonly events: readonly StoredEvent[];
  /** There is more in the span than these. */
  readonly limited: boolean;
  /** The position just before the first of them: what `prev_batch` names and where `state` stands. */
  readonly start: number;
}

export interface TimelineSpan {
  /** Positions above this. */
  readonly after: number;
  /** Positions up to this. */
  readonly upTo: number;
  /** nid of an event that the viewer sees whatever the rules say: the end of their own membership. */
  readonly shown?: number;
}

/** What a client that names no limit gets. */
export const TIMELINE_LIMIT_DEFAULT = 10;
/** Events looked at for one room; a filter that finds fewer than it wants among them gets a limited timeline. */
const SCANNED_MAX = 2000;

const passes = (filter: RoomEventFilter, event: StoredEvent): boolean =>
  filter.matches({
    type: event.type,
    sender: event.sender,
    ...(filter.containsUrl !== undefined && { content: JSON.parse(event.content) as JsonObject }),
  });

export const timelinePage = async (
  reader: RoomReader,
  tx: ReadTx,
  room: RoomRef,
  { after, upTo, shown }: TimelineSpan,
  filter: RoomEventFilter,
  viewer: SyncViewer,
): Promise<TimelinePage> => {
  const limit = filter.limit ?? TIMELINE_LIMIT_DEFAULT;
  if (!filter.matchesRoom(room.roomId)) return { events: [], limited: false, start: upTo };
  const newestFirst: StoredEvent[] = [];
  let cursor = upTo;
  for (let scanned = 0; newestFirst.length <= limit; ) {
    const pageSize = limit + 1 - newestFirst.length + (scanned === 0 ? 0 : 100);
    const page = await timeline(tx, { room: room.nid, after, upTo: cursor, backwards: true, limit: pageSize });
    const passing = filter.matchesAll ? page : page.filter((event) => passes(filter, event));
    newestFirst.push(...(await visibleOr(reader, tx, room, passing, viewer, shown)));
    if (page.length < pageSize) return complete(newestFirst, limit, upTo);
    scanned += page.length;
    cursor = page.at(-1)!.position! - 1;
    if (scanned >= SCANNED_MAX) return { ...complete(newestFirst, limit, upTo), limited: true };
  }
  return complete(newestFirst, limit, upTo);
};

const visibleOr = async (
  reader: RoomReader,
  tx: ReadTx,
  room: RoomRef,
  events: readonly StoredEvent[],
  viewer: SyncViewer,
  shown: number | undefined,
): Promise<readonly StoredEvent[]> => {
  const visible = await reader.visible(tx, room, events, viewer);
  if (shown === undefined || visible.length === events.length) return visible;
  const nids = new Set(visible.map(({ nid }) => nid));
  return events.filter(({ nid }) => nid === shown || nids.has(nid));
};

const complete = (newestFirst: readonly StoredEvent[], limit: number, upTo: number): TimelinePage => {
  const events = newestFirst.slice(0, limit).reverse();
  return { events, limited: newestFirst.length > limit, start: events.length === 0 ? upTo : events[0]!.position! - 1 };
};
