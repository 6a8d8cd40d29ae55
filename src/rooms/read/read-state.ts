// A room's state for those who may look into it. Client-Server API, GET /rooms/{roomId}/state and below.

import { notFound } from '../../protocol/errors/matrix-error.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import type { StateKeyPair } from '../state/room-state.ts';
import { renderEvents } from './render-events.ts';
import { roomAccess } from './room-access.ts';
import type { Look } from './room-reader.ts';
import { stateEvents } from './state-events.ts';

/** Every state event as JSON text; that of when they left for those who have left. Throws M_FORBIDDEN. */
export const readState = async (look: Look, roomId: RoomId): Promise<string[]> => {
  const { reading, tx } = look;
  const { room, root } = await roomAccess(look, roomId);
  return renderEvents(look, room, await stateEvents(reading, tx, root), { brief: true });
};

/** One state event, or only its content, as JSON text. Throws M_FORBIDDEN and M_NOT_FOUND. */
export const readStateEvent = async (
  look: Look,
  roomId: RoomId,
  pair: StateKeyPair,
  format: 'content' | 'event',
): Promise<string> => {
  const { reading, tx } = look;
  const { room, root } = await roomAccess(look, roomId);
  const [event] = await stateEvents(reading, tx, root, [pair]);
  if (!event) throw notFound(`The room has no state of type ${pair[0]} under this key.`);
  if (format === 'content') return event.content;
  return (await renderEvents(look, room, [event]))[0]!;
};
