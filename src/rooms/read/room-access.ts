// Who may look into a room, and how far: members at everything, those who left at what was there when they left, and anybody
// at rooms whose history is world readable. Client-Server API, "Room History Visibility".

import { forbidden } from '../../protocol/errors/matrix-error.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';
import type { ReadTx } from '../../storage/database.ts';
import { membershipOf } from '../../storage/stores/memberships.ts';
import { roomById, type StoredRoom, stateRootAt } from '../../storage/stores/rooms.ts';
import type { RoomRef } from '../room-ref.ts';
import { bytesToHash } from '../state/room-state.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { Look, Reading } from './room-reader.ts';
import { visibilityOf } from './standing.ts';
import { stateEvents } from './state-events.ts';

/** Beyond every position. */
export const END_OF_TIME = Number.MAX_SAFE_INTEGER;

export interface RoomAccess {
  readonly room: RoomRef;
  readonly stored: StoredRoom;
  readonly membership: string;
  /** Nothing after this position is theirs to see. */
  readonly upTo: number;
  /** The state they see: the current one, or that of when they left. */
  readonly root: NodeHash;
}

/** undefined: they may not look into it, or there is no such room here. */
export const findRoomAccess = async (look: Look, roomId: RoomId): Promise<RoomAccess | undefined> => {
  const { reading, tx, viewer } = look;
  const stored = await roomById(tx, roomId);
  const version = stored && roomVersion(stored.version);
  if (!stored || !version) return undefined;
  const own = await membershipOf(tx, viewer.user, stored.nid);
  const access = {
    room: { nid: stored.nid, roomId, version },
    stored,
    membership: own?.membership ?? 'leave',
    upTo: END_OF_TIME,
    root: bytesToHash(stored.stateRoot),
  };
  if (access.membership === 'join') return access;
  if (await isWorldReadable(reading, tx, access.root)) return access;
  // "After a user has left a room, they may see any events which they were allowed to see before they left the room, but no
  // events received after they left." A room that they forgot is one that they were never in.
  if (!own || own.forgotten === 1) return undefined;
  const upTo = await reading.standings.joinedUntil(tx, stored.nid, viewer.user);
  const root = Number.isFinite(upTo) ? await stateRootAt(tx, stored.nid, upTo) : undefined;
  return root && { ...access, upTo, root: bytesToHash(root) };
};

/** Throws M_FORBIDDEN, for rooms that do not exist as well. */
export const roomAccess = async (look: Look, roomId: RoomId): Promise<RoomAccess> => {
  const access = await findRoomAccess(look, roomId);
  if (!access) throw forbidden('You are not a member of this room, and were not before.');
  return access;
};

const isWorldReadable = async (reading: Reading, tx: ReadTx, root: NodeHash): Promise<boolean> => {
  const [event] = await stateEvents(reading, tx, root, [['m.room.history_visibility', '']]);
  if (!event) return false;
  return visibilityOf((await reading.standings.said(tx, [event.nid])).get(event.nid)) === 'world_readable';
};
