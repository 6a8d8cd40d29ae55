// Questions whose answers may lie in history that this server does not have yet: it is fetched, and the question asked again.

import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import type { EventId, RoomId } from '../../protocol/ids/branded.ts';
import type { Database, ReadTx } from '../../storage/database.ts';
import { eventById } from '../../storage/stores/events.ts';
import { type OpenHole, openHole } from '../../storage/stores/timeline-holes.ts';
import type { HistoryPort, TimedEvent, TimeQuestion } from '../ports.ts';
import type { RoomRef } from '../room-ref.ts';
import { type EventAtTime, eventNearTime, isNearerInTime } from './event-near-time.ts';
import { type MessagesPage, type MessagesQuestion, pageMessages } from './page-messages.ts';
import { END_OF_TIME, findRoomAccess } from './room-access.ts';
import type { Look, Reading, Viewer } from './room-reader.ts';

export interface HistoryDeps {
  readonly db: Pick<Database, 'read'>;
  readonly reading: Reading;
  readonly history: HistoryPort;
}

/** How often a client may have to wait for other servers in one request. */
const ROUNDS_MAX = 3;
/** On the way back to a moment. */
const TRAVEL_ROUNDS_MAX = 10;

const anywhere = { after: -END_OF_TIME, upTo: END_OF_TIME };

/** As pageMessages. */
export const messagesWithHistory = async (
  { db, reading, history }: HistoryDeps,
  roomId: RoomId,
  question: MessagesQuestion,
  viewer: Viewer,
): Promise<MessagesPage> => {
  for (let round = 1; ; round++) {
    const { page, room, hole } = await db.read((tx) => pageMessages({ reading, tx, viewer }, roomId, question));
    if (!hole || round > ROUNDS_MAX || !(await history.fetchBelow(room, hole.above))) return page;
  }
};

/** What `ask` answers about one event, also when it has to be fetched. Throws what `ask` throws. */
export const withFetchedEvent = async <T>(
  { db, reading, history }: HistoryDeps,
  roomId: RoomId,
  eventId: EventId,
  viewer: Viewer,
  ask: (look: Look) => Promise<T>,
): Promise<T> => {
  for (let round = 1; ; round++) {
    const answer = await db.read(async (tx) => {
      const look = { reading, tx, viewer };
      try {
        return { found: await ask(look) };
      } catch (error) {
        if (!(error instanceof MatrixError && error.errcode === 'M_NOT_FOUND')) throw error;
        return { error, absent: await absentFrom(look, roomId, eventId) };
      }
    });
    if ('found' in answer) return answer.found as T;
    const { absent, error } = answer;
    if (!absent || round > ROUNDS_MAX || !(await history.fetchBelow(absent.room, absent.hole.above))) throw error;
  }
};

/** undefined: the event is here, or nothing of the room's history is missing, or it is not for the viewer. */
const absentFrom = async (
  look: Look,
  roomId: RoomId,
  eventId: EventId,
): Promise<{ readonly room: RoomRef; readonly hole: OpenHole } | undefined> => {
  const access = await findRoomAccess(look, roomId);
  if (!access || (await isPlaced(look.tx, eventId))) return undefined;
  const hole = await openHole(look.tx, access.room.nid, anywhere);
  return hole && { room: access.room, hole };
};

const isPlaced = async (tx: ReadTx, eventId: EventId): Promise<boolean> =>
  typeof (await eventById(tx, eventId))?.position === 'number';

/** As eventNearTime. "If the homeserver doesn't have all of the room's history it may … ask other servers". */
export const timeWithHistory = async (
  { db, reading, history }: HistoryDeps,
  roomId: RoomId,
  question: TimeQuestion,
  viewer: Viewer,
): Promise<EventAtTime> => {
  const near = () =>
    db.read(async (tx) => {
      const look = { reading, tx, viewer };
      const access = await findRoomAccess(look, roomId);
      const hole = access && (await openHole(tx, access.room.nid, anywhere));
      return { access, hole, local: await nearest(look, roomId, question) };
    });
  const first = await near();
  const { access, hole, local } = first;
  const told = access && hole && (await history.eventNearTime(access.room, question));
  if (!told || (!(local instanceof MatrixError) && !isNearer(told, local, question))) return answerOf(local);
  let last = first;
  for (let round = 0; round < TRAVEL_ROUNDS_MAX && last.hole; round++) {
    if (await db.read((tx) => isPlaced(tx, told.eventId))) break;
    if (!(await history.fetchBelow(access.room, last.hole.above))) break;
    last = await near();
  }
  const found = last.local;
  if (!(found instanceof MatrixError) && !isNearer(told, found, question)) return found;
  return { event_id: told.eventId, origin_server_ts: told.originServerTs };
};

const nearest = async (look: Look, roomId: RoomId, question: TimeQuestion): Promise<EventAtTime | MatrixError> => {
  try {
    return await eventNearTime(look, roomId, question);
  } catch (error) {
    if (error instanceof MatrixError && error.errcode === 'M_NOT_FOUND') return error;
    throw error;
  }
};

const answerOf = (local: EventAtTime | MatrixError): EventAtTime => {
  if (local instanceof MatrixError) throw local;
  return local;
};

const isNearer = (told: TimedEvent, local: EventAtTime, question: TimeQuestion): boolean =>
  isNearerInTime(told.originServerTs, local.origin_server_ts, question);
