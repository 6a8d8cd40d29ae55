// State events of a room as other servers get them.

import { joinPdu } from '../../protocol/events/join-pdu.ts';
import type { Database } from '../../storage/database.ts';
import { eventsByNid } from '../../storage/stores/events.ts';
import type { Rooms } from '../rooms.ts';
import type { StateKeyPair } from '../state/room-state.ts';
import type { RoomView } from '../state/room-view.ts';
import { getEntries } from '../state-tree/read-entries.ts';

/** PDUs as JSON texts; keys under which nothing stands are left out. */
export const statePdus = async (
  { db, rooms }: { readonly db: Database; readonly rooms: Pick<Rooms, 'state' | 'names'> },
  room: RoomView,
  pairs: readonly StateKeyPair[],
): Promise<string[]> => {
  const keys = (await rooms.names.findStateKeys(pairs)).filter((key) => key !== undefined);
  const entries = await getEntries(rooms.state.source, room.stateRoot, keys);
  const events = await db.read((tx) => eventsByNid(tx, [...entries.values()]));
  return events.map((event) => joinPdu(event, room.roomId, room.version));
};
