// Room aliases of this server. Client-Server API, "Room aliases".

import type { RoomAlias, RoomId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';
import { insertAlias } from './directory.ts';

export interface StoredAlias {
  readonly room: number;
  readonly roomId: RoomId;
  /** nid of the user who made it. */
  readonly creator: number;
}

export const findAlias = (tx: ReadTx, alias: RoomAlias): Promise<StoredAlias | undefined> =>
  tx.get<StoredAlias>(
    `SELECT a.room AS "room", r.room_id AS "roomId", a.creator AS "creator"
     FROM aliases a JOIN rooms r ON r.nid = a.room WHERE a.alias = ?`,
    alias,
  );

/** In alphabetical order. */
export const aliasesOfRoom = async (tx: ReadTx, room: number): Promise<RoomAlias[]> => {
  const rows = await tx.all<{ alias: RoomAlias }>('SELECT alias FROM aliases WHERE room = ? ORDER BY alias', room);
  return rows.map(({ alias }) => alias);
};

/** Throws M_ROOM_IN_USE when the alias exists. */
export const createAlias = writer('createAlias', insertAlias);

/** Returns whether there was one. */
export const deleteAlias = writer(
  'deleteAlias',
  async (tx, alias: RoomAlias): Promise<boolean> => (await tx.run('DELETE FROM aliases WHERE alias = ?', alias)) > 0,
);
