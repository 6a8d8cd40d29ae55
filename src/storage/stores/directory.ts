// The published room directory, and what else of a room stands outside its events: local aliases that move with it.
// Client-Server API, "Published room directory".

import { roomInUse } from '../../protocol/errors/matrix-error.ts';
import type { RoomAlias, RoomId, UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, WriteTx } from '../database.ts';

/** Changes that are written together with events of the room. */
export interface DirectoryChange {
  /** An alias that the room gets; M_ROOM_IN_USE when it is taken. */
  readonly alias?: { readonly alias: RoomAlias; readonly creator: number } | undefined;
  readonly isPublic?: boolean | undefined;
  /** nid of the room that takes over this one's local aliases and its place in the directory. */
  readonly successor?: number | undefined;
}

export const insertAlias = async (
  tx: WriteTx,
  args: { alias: RoomAlias; room: number; creator: number; now: number },
): Promise<void> => {
  const created = await tx.run(
    'INSERT INTO aliases (alias, room, creator, created_ts) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
    args.alias,
    args.room,
    args.creator,
    args.now,
  );
  if (created === 0) throw roomInUse(`The alias ${args.alias} is taken.`);
};

export const applyDirectoryChange = async (
  tx: WriteTx,
  room: number,
  change: DirectoryChange,
  now: number,
): Promise<void> => {
  const { alias, isPublic, successor } = change;
  if (alias) await insertAlias(tx, { ...alias, room, now });
  if (isPublic !== undefined) await tx.run('UPDATE rooms SET is_public = ? WHERE nid = ?', isPublic ? 1 : 0, room);
  if (successor === undefined) return;
  await tx.run('UPDATE aliases SET room = ? WHERE room = ?', successor, room);
  await tx.run(
    'UPDATE rooms SET is_public = 1 WHERE nid = ? AND (SELECT is_public FROM rooms WHERE nid = ?) = 1',
    successor,
    room,
  );
  await tx.run('UPDATE rooms SET is_public = 0 WHERE nid = ?', room);
};

export interface PublishedRoom {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly version: string;
  readonly stateRoot: Uint8Array;
}

/** Every published room with its current state, in the order of their nids. */
export const publishedRooms = (tx: ReadTx): Promise<PublishedRoom[]> =>
  tx.all(
    `SELECT nid AS "nid", room_id AS "roomId", version AS "version", state_root AS "stateRoot"
     FROM rooms WHERE is_public = 1 ORDER BY nid`,
  );

/** Joined members of other servers, as many as are enough to name some servers; in no particular order. */
export const someRemoteMembers = async (tx: ReadTx, room: number, limit: number): Promise<UserId[]> => {
  const rows = await tx.all<{ userId: UserId }>(
    `SELECT u.user_id AS "userId" FROM memberships m JOIN users u ON u.nid = m.user_nid
     WHERE m.room = ? AND m.membership = 'join' AND m.is_local = 0 LIMIT ?`,
    room,
    limit,
  );
  return rows.map(({ userId }) => userId);
};
