// The room directory: aliases, what is published, and in which order.

import { forbidden } from '../../protocol/errors/matrix-error.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import { roomById, setRoomPublic } from '../../storage/stores/rooms.ts';
import { createAliases, type DirectoryActor, type DirectoryDeps } from './aliases.ts';
import { createOpenRooms } from './open-rooms.ts';
import { createPublicRooms } from './public-rooms.ts';

export const createRoomDirectory = (deps: DirectoryDeps) => {
  const { db, rooms } = deps;
  const { mayManage, ...aliases } = createAliases(deps);
  return {
    ...aliases,
    ...createPublicRooms(deps),
    ...createOpenRooms(deps),

    /** Throws M_NOT_FOUND. */
    async isPublished(roomId: RoomId): Promise<boolean> {
      await rooms.require(roomId);
      return (await db.read((tx) => roomById(tx, roomId)))?.isPublic === true;
    },

    /** By who may send m.room.canonical_alias, or an administrator. Throws M_FORBIDDEN, M_NOT_FOUND. */
    async setPublished(actor: DirectoryActor, roomId: RoomId, isPublic: boolean): Promise<void> {
      const room = await rooms.require(roomId);
      if (!(await mayManage(actor, roomId))) {
        throw forbidden('Only who may send m.room.canonical_alias in the room can publish it or take it back.');
      }
      await db.write(setRoomPublic, { room: room.nid, isPublic });
    },
  };
};

export type RoomDirectory = ReturnType<typeof createRoomDirectory>;
