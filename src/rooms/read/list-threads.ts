// The threads of a room, the one that was added to last first. Client-Server API, "Querying threads in a room".

import type { RoomId } from '../../protocol/ids/branded.ts';
import { redactStored } from '../../protocol/redaction/redact-stored.ts';
import { eventsByNid, type StoredEvent } from '../../storage/stores/events.ts';
import { threadsOfRoom } from '../../storage/stores/relations.ts';
import type { RoomRef } from '../room-ref.ts';
import { scopeOf } from './bundles.ts';
import { positionToken } from './position-token.ts';
import { renderEvents } from './render-events.ts';
import { END_OF_TIME, roomAccess } from './room-access.ts';
import type { Look } from './room-reader.ts';
import { visibleHistory } from './visible-events.ts';

export interface ThreadsQuestion {
  readonly participated: boolean;
  /** A position. */
  readonly from: number | undefined;
  readonly limit: number;
}

export interface ThreadsPage {
  /** The root events as JSON texts. */
  readonly chunk: readonly string[];
  readonly nextBatch: string | undefined;
}

/** Throws M_FORBIDDEN. */
export const listThreads = async (
  look: Look,
  roomId: RoomId,
  { participated, from, limit }: ThreadsQuestion,
): Promise<ThreadsPage> => {
  const { reading, tx, viewer } = look;
  const { room, upTo } = await roomAccess(look, roomId);
  const scope = await scopeOf(look, room);
  const threads = await threadsOfRoom(tx, {
    ...scope,
    upTo: Math.min(scope.upTo, upTo),
    latestUpTo: from ?? END_OF_TIME,
    participant: participated ? viewer.user : undefined,
    limit: limit + 1,
  });
  const page = threads.slice(0, limit);
  const roots = await eventsByNid(
    tx,
    page.map(({ root }) => root),
  );
  const visible = await visibleHistory(look, room, roots);
  const byNid = new Map(visible.map((event) => [event.nid, event]));
  const ignored = await reading.ignored.by(tx, viewer.user);
  const inOrder = page.flatMap(({ root }): StoredEvent[] => {
    const event = byNid.get(root);
    if (!event) return [];
    return [ignored.has(event.sender) ? redacted(event, room) : event];
  });
  const last = page.at(-1);
  return {
    chunk: await renderEvents(look, room, inOrder),
    nextBatch: last && threads.length > limit ? positionToken(last.latest - 1) : undefined,
  };
};

/** "If the thread root event was sent by an ignored user, the event is returned redacted to the caller." */
const redacted = (event: StoredEvent, room: RoomRef): StoredEvent => ({
  ...event,
  ...redactStored(event, room.version),
});
