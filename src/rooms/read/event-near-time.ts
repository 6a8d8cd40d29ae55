// The event nearest to a moment. Client-Server API, GET /rooms/{roomId}/timestamp_to_event.

import { notFound } from '../../protocol/errors/matrix-error.ts';
import type { EventId, RoomId } from '../../protocol/ids/branded.ts';
import { eventsNearTime } from '../../storage/stores/events.ts';
import type { TimeQuestion } from '../ports.ts';
import { roomAccess } from './room-access.ts';
import type { Look } from './room-reader.ts';
import { visibleHistory } from './visible-events.ts';

/** Events in a row that the viewer may not see before the search is given up. */
const INVISIBLE_MAX = 1000;
const BATCH = 20;

export interface EventAtTime {
  readonly event_id: EventId;
  readonly origin_server_ts: number;
}

/** Of two times that lie on the side of the moment which is asked for. */
export const isNearerInTime = (a: number, b: number, { forwards }: Pick<TimeQuestion, 'forwards'>): boolean =>
  forwards ? a < b : a > b;

/** `timestamp`: milliseconds. Throws M_FORBIDDEN and M_NOT_FOUND. */
export const eventNearTime = async (look: Look, roomId: RoomId, question: TimeQuestion): Promise<EventAtTime> => {
  const { tx } = look;
  const { room } = await roomAccess(look, roomId);
  for (let offset = 0; offset < INVISIBLE_MAX; offset += BATCH) {
    const events = await eventsNearTime(tx, { room: room.nid, ...question, limit: BATCH, offset });
    const [nearest] = await visibleHistory(look, room, events);
    if (nearest) return { event_id: nearest.eventId, origin_server_ts: nearest.originServerTs };
    if (events.length < BATCH) break;
  }
  throw notFound('There is no event in that direction that you may see.');
};
