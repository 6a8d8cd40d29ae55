// The thread an event belongs to: that of its relation, or the thread of the event it relates to.
// Client-Server API, "Threading" and "Threaded read receipts".

import { eventById } from '../../storage/stores/events.ts';
import type { RelationRow } from '../../storage/stores/persist.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';

/** nid of the thread's root event; null for the main timeline. */
export const threadOf = async (engine: Engine, room: RoomRef, relation: RelationRow): Promise<number | null> => {
  const target = await engine.db.read((tx) => eventById(tx, relation.target));
  if (!target || target.room !== room.nid) return null;
  return relation.relType === 'm.thread' ? target.nid : target.thread;
};
