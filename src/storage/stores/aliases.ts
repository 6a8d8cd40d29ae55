// Room aliases of this server. Client-Server API, "Room aliases".

import type { RoomAlias, RoomId, UserId } from '../../protocol/ids/branded.ts';
import { roomInUse } from '../../protocol/errors/matrix-error.ts';
import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';

export interface StoredAlias {
  readonly room: number;
  readonly roomId: RoomId;
  readonly creator: UserId;
}

export const findAlias = (tx: ReadTx, alias: RoomAlias): Promise<StoredAlias | undefined> =>
  tx.get<StoredAlias>(
    `SELECT a.room AS "room", r.room_id AS "roomId", u.user_id AS "creator"
     FROM aliases a JOIN rooms r ON r.nid = a.room JOIN users u ON u.nid = a.creator WHERE a.alias = ?`,
    alias,
  );

/** In alphabetical order. */
export const aliasesOfRoom = async (tx: ReadTx, room: number): Promise<RoomAlias[]> => {
  const rows = await tx.all<{ alias: RoomAlias }>('SELECT alias FROM aliases WHERE room = ? ORDER BY alias', room);
  return rows.map((row) => row.alias);
};

/** Throws M_ROOM_IN_USE when the alias exists. */
export const createAlias = writer(
  'createAlias',
  async (tx, args: { alias: RoomAlias; room: number; creator: number; now: number }): Promise<void> => {
    const created = await tx.run(
      'INSERT INTO aliases (alias, room, creator, created_ts) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      args.alias,
      args.room,
      args.creator,
      args.now,
    );
    if (created === 0) throw roomInUse(`The alias ${args.alias} is taken.`);
  },
);

/** Returns whether there was one. */
export const deleteAlias = writer(
  'deleteAlias',
  async (tx, alias: RoomAlias): Promise<boolean> => (await tx.run('DELETE FROM aliases WHERE alias = ?', alias)) > 0,
);
