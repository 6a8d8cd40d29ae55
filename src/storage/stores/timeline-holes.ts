// Where history is missing in a room's timeline, and from which events on.

import type { EventId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';

export interface OpenHole {
  /** Events that stand right above it: their prev events are missing. */
  readonly above: readonly EventId[];
}

interface HoleRow {
  readonly next: number;
  readonly top: number;
}

/** Holes looked at; further ones are found when these are filled. */
const HOLES_MAX = 8;
const ABOVE_MAX = 20;

/** The highest hole between two positions (the lower one not included) that is not filled yet; undefined: there is none. */
export const openHole = async (
  tx: ReadTx,
  room: number,
  { after, upTo }: { readonly after: number; readonly upTo: number },
): Promise<OpenHole | undefined> => {
  const holes = await tx.all<HoleRow>(
    `SELECT h.next_position AS "next", e.position AS "top" FROM timeline_holes h JOIN events e ON e.nid = h.event
     WHERE h.room = ? AND h.next_position > ? AND h.lowest_position <= ? AND h.next_position >= h.lowest_position
     ORDER BY h.next_position DESC LIMIT ?`,
    room,
    after,
    upTo,
    HOLES_MAX,
  );
  for (const { next, top } of holes) {
    const rows = await tx.all<{ eventId: EventId }>(
      `SELECT DISTINCT e.event_id AS "eventId", e.position FROM missing_edges m JOIN events e ON e.nid = m.event
       WHERE m.room = ? AND e.position > ? AND e.position <= ? ORDER BY e.position LIMIT ?`,
      room,
      next,
      top,
      ABOVE_MAX,
    );
    if (rows.length > 0) return { above: rows.map(({ eventId }) => eventId) };
  }
  return undefined;
};
