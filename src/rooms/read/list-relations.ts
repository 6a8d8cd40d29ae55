// The events that relate to an event. Client-Server API, "Relationships API".

import type { EventId, RoomId } from '../../protocol/ids/branded.ts';
import { eventsByNid } from '../../storage/stores/events.ts';
import { relatedEvents } from '../../storage/stores/relations.ts';
import { visibleEvent } from './event-context.ts';
import { positionToken } from './position-token.ts';
import { renderEvents } from './render-events.ts';
import { END_OF_TIME, findRoomAccess } from './room-access.ts';
import type { Look } from './room-reader.ts';
import { visibleEvents } from './visible-events.ts';

/** "Homeservers SHOULD traverse at least 3 levels of relationships." */
export const RECURSION_DEPTH = 3;

export interface RelationsQuestion {
  readonly relType: string | undefined;
  readonly eventType: string | undefined;
  /** Positions. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly backwards: boolean;
  readonly limit: number;
  /** Also events that relate to it through others. */
  readonly recurse: boolean;
}

export interface RelationsPage {
  /** JSON texts. */
  readonly chunk: readonly string[];
  readonly nextBatch: string | undefined;
  /** Where this page began, when it did not begin at an end. */
  readonly prevBatch: string | undefined;
}

/** Throws M_NOT_FOUND when the viewer may not see the parent. */
export const listRelations = async (
  look: Look,
  roomId: RoomId,
  eventId: EventId,
  question: RelationsQuestion,
): Promise<RelationsPage> => {
  const { tx } = look;
  const { backwards, from, to, limit } = question;
  const access = await findRoomAccess(look, roomId);
  await visibleEvent(look, access, eventId);
  const { room, upTo } = access!;
  const start = from ?? (backwards ? END_OF_TIME : -END_OF_TIME);
  const rows = await relatedEvents(tx, {
    room: room.nid,
    target: eventId,
    relType: question.relType,
    eventType: question.eventType,
    depth: question.recurse ? RECURSION_DEPTH : 1,
    after: backwards ? (to ?? -END_OF_TIME) : start,
    upTo: Math.min(backwards ? start : (to ?? END_OF_TIME), upTo),
    backwards,
    limit: limit + 1,
  });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const byNid = new Map(
    (
      await eventsByNid(
        tx,
        page.map(({ event }) => event),
      )
    ).map((event) => [event.nid, event]),
  );
  const inOrder = page.map(({ event }) => byNid.get(event)).filter((event) => event !== undefined);
  const visible = await visibleEvents(look, room, inOrder);
  return {
    chunk: await renderEvents(look, room, visible),
    nextBatch: last && rows.length > limit ? positionToken(backwards ? last.position - 1 : last.position) : undefined,
    prevBatch: from === undefined ? undefined : positionToken(from),
  };
};
