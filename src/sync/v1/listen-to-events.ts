// The event stream of old clients, and of guests who look into a room. Client-Server API, GET /events (both forms).

import type { Clock } from '../../lib/clock.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import { positionToken } from '../../rooms/read/position-token.ts';
import type { Viewer } from '../../rooms/read/room-reader.ts';
import type { RoomReads } from '../../rooms/read/room-reads.ts';
import type { RoomRef } from '../../rooms/room-ref.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Database, ReadTx } from '../../storage/database.ts';
import { type StoredEvent, timeline } from '../../storage/stores/events.ts';
import type { Listener } from '../../stream/listeners.ts';
import type { Stream } from '../../stream/stream.ts';
import type { UserRoomsMemory } from '../user-rooms.ts';

export interface EventsQuestion {
  readonly viewer: Viewer;
  /** A stream position; undefined: now. */
  readonly from: number | undefined;
  /** Only this room, which need not be joined. */
  readonly roomId: RoomId | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface EventsPage {
  /** Tokens. */
  readonly start: string;
  readonly end: string;
  /** JSON texts. */
  readonly chunk: readonly string[];
}

export interface EventsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly stream: Stream;
  readonly rooms: Pick<Rooms, 'find'>;
  readonly roomReads: Pick<RoomReads, 'reader' | 'messages'>;
  readonly userRooms: UserRoomsMemory;
}

/** Events in one answer. */
const EVENTS_MAX = 50;

type Look = (from: number) => Promise<{ readonly chunk: readonly string[]; readonly upTo: number }>;

/** Waits until there is something, or the time is over. Throws M_FORBIDDEN for a room that the viewer may not look into. */
export const listenToEvents = async (deps: EventsDeps, question: EventsQuestion): Promise<EventsPage> => {
  const { viewer, roomId } = question;
  if (roomId === undefined) {
    const { listener } = await deps.userRooms.of(viewer.user);
    return waitForEvents(deps, question, listener, (from) => newsOfRooms(deps, viewer, from));
  }
  using listener = deps.stream.listen(viewer.user);
  const room = await deps.rooms.find(roomId);
  if (room) listener.addRoom(room.nid);
  return await waitForEvents(deps, question, listener, (from) => newsOfRoom(deps, viewer, roomId, from));
};

const waitForEvents = async (
  { clock, stream }: EventsDeps,
  question: EventsQuestion,
  listener: Listener,
  look: Look,
): Promise<EventsPage> => {
  const deadline = clock.monotonic() + question.timeoutMs;
  const start = question.from ?? stream.head;
  for (let from = start; ; ) {
    const leftMs = question.signal.aborted ? 0 : deadline - clock.monotonic();
    using wait = leftMs > 0 ? listener.wait(leftMs, question.signal) : undefined;
    const { chunk, upTo } = await look(from);
    if (chunk.length > 0 || !wait) return { start: positionToken(start), end: positionToken(upTo), chunk };
    from = upTo;
    await wait.woken;
  }
};

const newsOfRoom = async (deps: EventsDeps, viewer: Viewer, roomId: RoomId, from: number): ReturnType<Look> => {
  const upTo = Math.max(deps.stream.head, from);
  const page = await deps.roomReads.messages(
    roomId,
    { from, to: upTo, backwards: false, limit: EVENTS_MAX, filter: undefined },
    viewer,
  );
  const isFull = page.chunk.length >= EVENTS_MAX && page.end !== undefined;
  return { chunk: page.chunk, upTo: isFull ? Number(page.end.slice(1)) : upTo };
};

interface NewEvent {
  readonly room: RoomRef;
  readonly event: StoredEvent;
}

const newsOfRooms = async (deps: EventsDeps, viewer: Viewer, from: number): ReturnType<Look> => {
  const mine = await deps.userRooms.of(viewer.user);
  const now = Math.max(deps.stream.head, from);
  const joined = [...mine.all.values()].filter(({ membership }) => membership === 'join');
  const changed = joined.filter(({ nid }) => deps.stream.rooms.changedSince(nid, from) !== false);
  if (changed.length === 0) return { chunk: [], upTo: now };
  return deps.db.read(async (tx) => {
    const found: NewEvent[] = [];
    for (const room of changed) {
      const range = { room: room.nid, after: from, upTo: now, backwards: false, limit: EVENTS_MAX };
      for (const event of await timeline(tx, range)) found.push({ room, event });
    }
    found.sort((a, b) => a.event.position! - b.event.position!);
    const some = found.slice(0, EVENTS_MAX);
    const upTo = found.length > EVENTS_MAX ? some.at(-1)!.event.position! : now;
    return { chunk: await textsOf(deps, tx, viewer, some), upTo };
  });
};

const textsOf = async (
  { roomReads: { reader } }: EventsDeps,
  tx: ReadTx,
  viewer: Viewer,
  events: readonly NewEvent[],
): Promise<string[]> => {
  const texts: string[] = [];
  for (const { room, event } of events) {
    const visible = await reader.visible(tx, room, [event], viewer);
    texts.push(...(await reader.render(tx, room, visible, viewer)));
  }
  return texts;
};
