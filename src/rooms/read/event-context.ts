// An event with what stands around it. Client-Server API, GET /rooms/{roomId}/context/{eventId} and /event/{eventId}.

import { notFound } from '../../protocol/errors/matrix-error.ts';
import type { RoomEventFilter } from '../../protocol/filters/event-filter.ts';
import type { EventId, RoomId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../../storage/database.ts';
import { eventById, type StoredEvent } from '../../storage/stores/events.ts';
import { bytesToHash } from '../state/room-state.ts';
import { positionToken } from './position-token.ts';
import { renderEvents } from './render-events.ts';
import { END_OF_TIME, findRoomAccess, type RoomAccess, roomAccess } from './room-access.ts';
import type { Look, Reading } from './room-reader.ts';
import { matches, scanTimeline } from './scan-timeline.ts';
import { stateEvents } from './state-events.ts';
import { visibleEvents } from './visible-events.ts';

export interface EventContext {
  readonly start: string;
  readonly end: string;
  /** JSON texts: newest first, the event itself, oldest first, the state at the last event. */
  readonly before: readonly string[];
  readonly event: string;
  readonly after: readonly string[];
  readonly state: readonly string[];
}

/** A timeline event that the viewer may see. Throws M_NOT_FOUND. */
export const visibleEvent = async (
  look: Look,
  access: RoomAccess | undefined,
  eventId: EventId,
): Promise<StoredEvent & { position: number }> => {
  const { tx } = look;
  const event = access && (await eventById(tx, eventId));
  if (event?.room === access?.room.nid && typeof event?.position === 'number') {
    const [visible] = await visibleEvents(look, access!.room, [event]);
    if (visible) return { ...visible, position: event.position };
  }
  throw notFound('There is no such event in this room, or you may not see it.');
};

/** The event as JSON text. Throws M_NOT_FOUND, for rooms that the viewer may not look into as well. */
export const oneEvent = async (look: Look, roomId: RoomId, eventId: EventId): Promise<string> => {
  const access = await findRoomAccess(look, roomId);
  const event = await visibleEvent(look, access, eventId);
  return (await renderEvents(look, access!.room, [event]))[0]!;
};

/** `limit`: of the events before and after together. Throws M_FORBIDDEN and M_NOT_FOUND. */
export const eventContext = async (
  look: Look,
  roomId: RoomId,
  eventId: EventId,
  question: { readonly limit: number; readonly filter: RoomEventFilter | undefined },
): Promise<EventContext> => {
  const { reading, tx } = look;
  const access = await roomAccess(look, roomId);
  const { room } = access;
  const event = await visibleEvent(look, access, eventId);
  const around = await eventsAround(look, access, event, question);
  const last = around.after.at(-1) ?? event;
  const shown = [...around.before, event, ...around.after];
  const state = await contextState(reading, tx, last, shown, question.filter);
  const texts = await renderEvents(look, room, shown);
  const count = around.before.length;
  return {
    start: positionToken((around.before.at(-1) ?? event).position! - 1),
    end: positionToken(last.position!),
    before: texts.slice(0, count),
    event: texts[count]!,
    after: texts.slice(count + 1),
    state: await renderEvents(look, room, state, { brief: true }),
  };
};

export interface EventsAround {
  readonly before: readonly StoredEvent[];
  readonly after: readonly StoredEvent[];
}

export const eventsAround = async (
  look: Look,
  { room, upTo }: Pick<RoomAccess, 'room' | 'upTo'>,
  event: { readonly position: number },
  question: { readonly limit: number; readonly filter: RoomEventFilter | undefined; readonly before?: number },
): Promise<EventsAround> => {
  const { limit, filter, before = Math.floor(limit / 2) } = question;
  const earlier = { after: -END_OF_TIME, upTo: event.position - 1, backwards: true, limit: before, filter };
  const later = { after: event.position, upTo, backwards: false, limit: limit - before, filter };
  return {
    before: (await scanTimeline(look, room, earlier)).events,
    after: (await scanTimeline(look, room, later)).events,
  };
};

/** "The state of the room at the last event returned." Lazily loaded, it names only the members who are heard. */
const contextState = async (
  reading: Reading,
  tx: ReadTx,
  last: StoredEvent,
  shown: readonly StoredEvent[],
  filter: RoomEventFilter | undefined,
): Promise<StoredEvent[]> => {
  if (!last.stateRoot) return [];
  const state = await stateEvents(reading, tx, bytesToHash(last.stateRoot));
  if (!filter) return state;
  const senders = new Set<string>(shown.map(({ sender }) => sender));
  return state.filter(
    (event) =>
      matches(filter, event) &&
      (!filter.lazyLoadMembers || event.type !== 'm.room.member' || senders.has(event.stateKey!)),
  );
};
