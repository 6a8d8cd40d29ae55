// Rooms as rows: what the room engine needs to go on after a restart, and the room's state over time.

import type { RoomId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';

export interface StoredRoom {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly version: string;
  readonly sequence: number;
  readonly stateRoot: Uint8Array;
  /** Event nids of the forward extremities. */
  readonly extremities: readonly number[];
  readonly latestPosition: number;
  readonly notifiedTotal: number;
  readonly isPublic: boolean;
  /** Its whole state is not known yet. */
  readonly isPartial: boolean;
}

interface RoomRow extends Omit<StoredRoom, 'extremities' | 'isPublic' | 'isPartial'> {
  readonly residency: number;
  readonly extremities: string;
  readonly isPublic: number;
}

const SELECT_ROOM = `SELECT nid AS "nid", room_id AS "roomId", version AS "version", sequence AS "sequence",
  state_root AS "stateRoot", extremities AS "extremities", latest_position AS "latestPosition",
  notified_total AS "notifiedTotal", is_public AS "isPublic", residency AS "residency" FROM rooms`;

const RESIDENT_IN_PART = 2;

const decoded = ({ residency, extremities, ...row }: RoomRow): StoredRoom => ({
  ...row,
  // There may be many, and few ask for them.
  get extremities() {
    return JSON.parse(extremities) as number[];
  },
  isPublic: row.isPublic === 1,
  isPartial: residency === RESIDENT_IN_PART,
});

/** undefined also for rooms that users of this server are only invited to, or knock on: their state is not known. */
export const roomById = async (tx: ReadTx, roomId: RoomId): Promise<StoredRoom | undefined> => {
  const row = await tx.get<RoomRow>(`${SELECT_ROOM} WHERE room_id = ? AND residency <> 0`, roomId);
  return row && decoded(row);
};

export const roomByNid = async (tx: ReadTx, nid: number): Promise<StoredRoom | undefined> => {
  const row = await tx.get<RoomRow>(`${SELECT_ROOM} WHERE nid = ?`, nid);
  return row && decoded(row);
};

/** The root of a room's current state, by its nid. */
export const currentRootOf = async (tx: ReadTx, room: number): Promise<Uint8Array | undefined> => {
  const row = await tx.get<{ root: Uint8Array }>('SELECT state_root AS "root" FROM rooms WHERE nid = ?', room);
  return row?.root;
};

/** Room nid → room id. */
export const roomIdsOf = async (tx: ReadTx, rooms: readonly number[]): Promise<Map<number, RoomId>> => {
  const rows = await tx.all<{ nid: number; roomId: RoomId }>(
    `SELECT nid AS "nid", room_id AS "roomId" FROM rooms WHERE ${tx.dialect.anyInt('nid')}`,
    tx.dialect.list(rooms),
  );
  return new Map(rows.map((row) => [row.nid, row.roomId]));
};

/** The root of the room's current state as it was at a stream position; undefined before the room existed here. */
export const stateRootAt = async (tx: ReadTx, room: number, position: number): Promise<Uint8Array | undefined> => {
  const row = await tx.get<{ root: Uint8Array }>(
    'SELECT root FROM room_states WHERE room = ? AND position <= ? ORDER BY position DESC LIMIT 1',
    room,
    position,
  );
  return row?.root;
};

/** Latest position of every room that has one: read once at start-up for the stream's memory. */
export const latestPositions = (tx: ReadTx): Promise<{ room: number; position: number }[]> =>
  tx.all('SELECT nid AS "room", latest_position AS "position" FROM rooms');

export const setRoomPublic = writer(
  'setRoomPublic',
  async (tx, args: { room: number; isPublic: boolean }): Promise<void> => {
    await tx.run('UPDATE rooms SET is_public = ? WHERE nid = ?', args.isPublic ? 1 : 0, args.room);
  },
);

export const publicRoomNids = async (tx: ReadTx): Promise<number[]> => {
  const rows = await tx.all<{ nid: number }>('SELECT nid FROM rooms WHERE is_public = 1 ORDER BY nid');
  return rows.map((row) => row.nid);
};
