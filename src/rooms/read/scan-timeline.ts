// Walks a stretch of a room's timeline until enough events were found that pass a filter and that the viewer may see.

import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomEventFilter } from '../../protocol/filters/event-filter.ts';
import type { ReadTx } from '../../storage/database.ts';
import type { StoredEvent } from '../../storage/stores/events.ts';
import { targetsRelatedTo } from '../../storage/stores/relations.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Look } from './room-reader.ts';
import { visibleEvents } from './visible-events.ts';

/** Events looked at in one request, however few of them pass: about 50 ms of work. */
const SCANNED_MAX = 5_000;
const BATCH_MAX = 250;
/** Characters of event content in one answer; what is over comes with the next page. */
const CONTENT_LENGTH_MAX = 8 * 1024 * 1024;

export interface TimelineScan {
  /** Only positions above this. */
  readonly after: number;
  /** Only positions up to and including this. */
  readonly upTo: number;
  /** Newest first? */
  readonly backwards: boolean;
  readonly limit: number;
  readonly filter: RoomEventFilter | undefined;
}

export interface ScannedTimeline {
  readonly events: readonly StoredEvent[];
  /** The position of the last event looked at, where the next scan goes on; undefined: the stretch is at its end. */
  readonly stoppedAt: number | undefined;
}

export const scanTimeline = async (look: Look, room: RoomRef, scan: TimelineScan): Promise<ScannedTimeline> => {
  const { reading, tx } = look;
  const found: StoredEvent[] = [];
  let { after, upTo } = scan;
  let contentLength = 0;
  let stoppedAt: number | undefined;
  if (scan.limit === 0 || (scan.filter && !scan.filter.matchesRoom(room.roomId))) return { events: found, stoppedAt };
  for (let scanned = 0; scanned < SCANNED_MAX; ) {
    // One more than wanted tells whether there is a next page.
    const limit = Math.min(BATCH_MAX, scan.limit - found.length + 1);
    const rows = await reading.memory.timeline(tx, { room: room.nid, after, upTo, backwards: scan.backwards, limit });
    const isLast = rows.length < limit;
    scanned += rows.length;
    const passed = await passing(look, room, rows, scan.filter);
    const some = passed.length === rows.length ? undefined : new Set(passed);
    for (const row of rows) {
      if (found.length === scan.limit || contentLength > CONTENT_LENGTH_MAX) return { events: found, stoppedAt };
      stoppedAt = row.position!;
      if (some && !some.has(row)) continue;
      contentLength += row.content.length;
      found.push(row);
    }
    if (isLast) return { events: found, stoppedAt: undefined };
    if (scan.backwards) upTo = stoppedAt! - 1;
    else after = stoppedAt!;
  }
  return { events: found, stoppedAt };
};

const passing = async (
  look: Look,
  room: RoomRef,
  rows: readonly StoredEvent[],
  filter: RoomEventFilter | undefined,
): Promise<readonly StoredEvent[]> => {
  const { tx } = look;
  const matching = filter ? rows.filter((row) => matches(filter, row)) : rows;
  const related = filter ? await relatedOnes(tx, room, matching, filter) : matching;
  return visibleEvents(look, room, related);
};

/** Whether a stored event passes a filter; the content is parsed only for a filter that looks at it. */
export const matches = (filter: RoomEventFilter, { type, sender, content }: StoredEvent): boolean => {
  if (filter.matchesAll) return true;
  if (filter.containsUrl === undefined) return filter.matches({ type, sender });
  return filter.matches({ type, sender, content: JSON.parse(content) as JsonObject });
};

/** related_by_rel_types and related_by_senders: "If specified, only events with a relation of a type (or sender) listed". */
const relatedOnes = async (
  tx: ReadTx,
  room: RoomRef,
  rows: readonly StoredEvent[],
  { relatedByRelTypes, relatedBySenders }: RoomEventFilter,
): Promise<readonly StoredEvent[]> => {
  if ((relatedByRelTypes === undefined && relatedBySenders === undefined) || rows.length === 0) return rows;
  const related = await targetsRelatedTo(tx, {
    room: room.nid,
    targets: rows.map(({ nid }) => nid),
    relTypes: relatedByRelTypes,
    senders: relatedBySenders,
  });
  return rows.filter(({ nid }) => related.has(nid));
};
