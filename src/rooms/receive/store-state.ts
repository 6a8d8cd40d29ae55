// Stores the state of a room that another server told, with its auth chain: judged in memory as one whole, by their auth
// events alone.

import type { EventId, RoomId } from '../../protocol/ids/branded.ts';
import type { Engine } from '../rooms.ts';
import type { IncomingEvent } from './incoming.ts';
import { judgeOutliers } from './judge-outliers.ts';
import { storeJudgedOutliers } from './store-outliers.ts';

export const storeState = async (engine: Engine, roomId: RoomId, events: readonly IncomingEvent[]): Promise<void> => {
  const room = await engine.lock.run(roomId, () => engine.warm.get(roomId));
  if (!room) return;
  const own = events.filter(({ event }) => event.roomId === roomId);
  const known = await engine.known.of(own.map(({ event }) => event.eventId));
  const isRejectedHere = (id: EventId): boolean | undefined => {
    const verdict = known.get(id)?.verdict;
    return verdict === undefined ? undefined : verdict === 2;
  };
  const judged = judgeOutliers(roomId, room.version, own, isRejectedHere);
  await engine.lock.run(roomId, () => storeJudgedOutliers(engine, room, judged));
};
