// The past of a room as another server is told it. Server-Server API, "Backfilling and retrieving missing events".

import { notFound } from '../../protocol/errors/matrix-error.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/ids/branded.ts';
import type { Database } from '../../storage/database.ts';
import { eventsNearTime, type StoredEvent } from '../../storage/stores/events.ts';
import type { AskedRoom, AskedRooms } from './asked-room.ts';
import { type EventViews, type Form, pduText } from './event-views.ts';
import { type Walk, walkBack } from './walk-back.ts';

/** How many events history is given out by at once. */
export const HISTORY_MAX = 100;

/** Events near a moment that are looked at before the search is given up. */
const NEAR_MAX = 1000;
const NEAR_CHUNK = 20;

export interface MissingEventsQuestion {
  readonly earliest: readonly EventId[];
  readonly latest: readonly EventId[];
  readonly limit: number;
  readonly minDepth: number;
}

type Seen = readonly [event: StoredEvent, form: Form];

const textsOf = (room: AskedRoom, seen: readonly Seen[]): string[] =>
  seen.flatMap(([event, form]) => (form === 'withheld' ? [] : pduText(event, room, form)));

export const createHistory = ({ db, asked, views }: { db: Database; asked: AskedRooms; views: EventViews }) => {
  const walk = (room: AskedRoom, question: Omit<Walk, 'room'>): Promise<Seen[]> =>
    db.read(async (tx) => {
      const events = await walkBack(tx, { ...question, room: room.nid });
      const forms = await views.of(tx, room, events);
      return events.map((event, index): Seen => [event, forms[index]!]);
    });

  return {
    /** The given events and what precedes them, newest first, as PDUs. Throws M_FORBIDDEN. */
    async backfill(server: ServerName, roomId: RoomId, starts: readonly EventId[], limit: number): Promise<string[]> {
      const room = await asked.require(server, roomId, 'formerMember');
      const bounded = Math.min(limit, HISTORY_MAX);
      const seen = await walk(room, { starts, withStarts: true, stops: new Set(), minDepth: 0, limit: bounded });
      return textsOf(
        room,
        seen.sort(([a], [b]) => b.depth - a.depth),
      );
    },

    /** What lies between the latest and the earliest events, oldest first, as PDUs. Throws M_FORBIDDEN. */
    async missingEvents(server: ServerName, roomId: RoomId, question: MissingEventsQuestion): Promise<string[]> {
      const room = await asked.require(server, roomId, 'formerMember');
      const { latest: starts, earliest, minDepth } = question;
      const limit = Math.min(question.limit, HISTORY_MAX);
      const seen = await walk(room, { starts, withStarts: false, stops: new Set(earliest), minDepth, limit });
      return textsOf(
        room,
        seen.sort(([a], [b]) => a.depth - b.depth),
      );
    },

    /** The event nearest to a moment (milliseconds) that they may see. Throws M_FORBIDDEN, M_NOT_FOUND. */
    async eventNearTime(
      server: ServerName,
      roomId: RoomId,
      question: { readonly timestamp: number; readonly forwards: boolean },
    ): Promise<{ readonly event_id: EventId; readonly origin_server_ts: number }> {
      const room = await asked.require(server, roomId, 'formerMember');
      const nearest = await db.read(async (tx) => {
        for (let offset = 0; offset < NEAR_MAX; offset += NEAR_CHUNK) {
          const events = await eventsNearTime(tx, { room: room.nid, ...question, limit: NEAR_CHUNK, offset });
          const forms = await views.of(tx, room, events);
          const found = events.find((_, index) => forms[index] === 'whole');
          if (found || events.length < NEAR_CHUNK) return found;
        }
        return undefined;
      });
      if (!nearest) throw notFound('There is no event in that direction that you may see.');
      return { event_id: nearest.eventId, origin_server_ts: nearest.originServerTs };
    },
  };
};
