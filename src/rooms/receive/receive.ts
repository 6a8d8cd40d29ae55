// The way in for events of other servers, as the parts above see it.

import { notFound } from '../../protocol/errors/matrix-error.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import { extremitiesNamed } from '../../storage/stores/explanations.ts';
import { knownEvents, roomsToRejudge } from '../../storage/stores/received-events.ts';
import { roomById, roomIdsOf } from '../../storage/stores/rooms.ts';
import type { Engine } from '../rooms.ts';
import { acceptEvents } from './accept-events.ts';
import { completeJoin } from './complete-join.ts';
import { enterRoom } from './enter-room.ts';
import { finishJoin } from './finish-join.ts';
import type { Receive, Rejudging } from './incoming.ts';
import { rejudgeRoom } from './rejudge-room.ts';
import { storeState } from './store-state.ts';

export const createReceive = (engine: Engine): Receive & Rejudging => ({
  accept: (roomId, events, options) => acceptEvents(engine, roomId, events, options),
  acceptOutliers: (roomId, events) => acceptEvents(engine, roomId, events, { as: 'outlier', onMissing: 'judge' }),
  enterRoom: (room) => enterRoom(engine, room),
  storeState: (roomId, events) => storeState(engine, roomId, events),
  completeJoin: (told) => completeJoin(engine, told),
  finishJoin: (roomId) => finishJoin(engine, roomId),
  stored: (eventIds) =>
    engine.db.read(async (tx) => {
      const rows = await knownEvents(tx, eventIds);
      const roomIds = await roomIdsOf(tx, [...new Set(rows.map(({ room }) => room))]);
      return new Map(
        rows.map(({ eventId, room, verdict, stateRoot }) => [
          eventId,
          { roomId: roomIds.get(room)!, isRejected: verdict === 2, hasState: stateRoot !== null },
        ]),
      );
    }),
  extremities: (roomId) =>
    engine.db.read(async (tx) => {
      const room = await roomById(tx, roomId);
      if (!room) throw notFound(`This server is not in the room ${roomId}.`);
      return (await extremitiesNamed(tx, room.extremities)).map(({ eventId, depth }) => ({ eventId, depth }));
    }),
  rejudge: (roomId: RoomId) => rejudgeRoom(engine, roomId),
  async resume() {
    for (const roomId of await engine.db.read(roomsToRejudge)) await rejudgeRoom(engine, roomId);
  },
});
