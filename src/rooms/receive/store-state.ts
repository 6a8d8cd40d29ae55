// Stores state events of a room that another server told, with their auth events: judged in memory by their auth events alone.

import type { RoomId } from '../../protocol/ids/branded.ts';
import type { Engine } from '../rooms.ts';
import type { WarmRoom } from '../warm-rooms.ts';
import type { IncomingEvent } from './incoming.ts';
import { judgeOutliers } from './judge-outliers.ts';
import { loadEvents } from './load-events.ts';
import { referencesIn } from './order-events.ts';
import { rejudgeRoom } from './rejudge-room.ts';
import { storeJudgedOutliers } from './store-outliers.ts';

export const storeState = async (engine: Engine, roomId: RoomId, events: readonly IncomingEvent[]): Promise<void> => {
  const stored = await engine.lock.run(roomId, async () => {
    const room = await engine.warm.get(roomId);
    return room && storeFresh(engine, room, events);
  });
  if (stored?.wakesOthers) await rejudgeRoom(engine, roomId);
};

const storeFresh = async (engine: Engine, room: WarmRoom, events: readonly IncomingEvent[]) => {
  const references = referencesIn(room.version, 'auth');
  const known = await engine.known.of(events.flatMap((one) => [one.event.eventId, ...references(one)]));
  const fresh = events.filter(({ event }) => event.roomId === room.roomId && !known.has(event.eventId));
  const here = await loadEvents(
    engine,
    room,
    fresh.flatMap(references).filter((id) => known.has(id)),
  );
  const judged = judgeOutliers(room.roomId, room.version, fresh, (id) => {
    const one = here.get(id);
    return one && { event: one.event, rejected: one.known.verdict === 2 };
  });
  return storeJudgedOutliers(engine, room, judged, known);
};
