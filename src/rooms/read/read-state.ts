// A room's state for those who may look into it. Client-Server API, GET /rooms/{roomId}/state and below.

import { notFound } from '../../protocol/errors/matrix-error.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../../storage/database.ts';
import type { StateKeyPair } from '../state/room-state.ts';
import { renderEvents } from './render-events.ts';
import { roomAccess } from './room-access.ts';
import type { Reading, Viewer } from './room-reader.ts';
import { stateEvents } from './state-events.ts';

/** Every state event as JSON text; that of when they left for those who have left. Throws M_FORBIDDEN. */
export const readState = async (reading: Reading, tx: ReadTx, roomId: RoomId, viewer: Viewer): Promise<string[]> => {
  const { room, root } = await roomAccess(reading, tx, roomId, viewer);
  return renderEvents(reading, tx, room, await stateEvents(reading, tx, root), viewer, { brief: true });
};

/** One state event, or only its content, as JSON text. Throws M_FORBIDDEN and M_NOT_FOUND. */
export const readStateEvent = async (
  reading: Reading,
  tx: ReadTx,
  roomId: RoomId,
  pair: StateKeyPair,
  format: 'content' | 'event',
  viewer: Viewer,
): Promise<string> => {
  const { room, root } = await roomAccess(reading, tx, roomId, viewer);
  const [event] = await stateEvents(reading, tx, root, [pair]);
  if (!event) throw notFound(`The room has no state of type ${pair[0]} under this key.`);
  if (format === 'content') return event.content;
  return (await renderEvents(reading, tx, room, [event], viewer))[0]!;
};
