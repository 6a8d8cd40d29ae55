// The room directory: aliases, what is published, and in which order.

import { forbidden, notFound } from '../../protocol/errors/matrix-error.ts';
import type { RoomAlias, RoomId } from '../../protocol/ids/branded.ts';
import { isRoomId } from '../../protocol/ids/room-id.ts';
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

    /** Throws M_NOT_FOUND for an alias that is not known here. */
    async roomIdOf(roomIdOrAlias: RoomId | RoomAlias): Promise<RoomId> {
      if (isRoomId(roomIdOrAlias)) return roomIdOrAlias;
      const found = await aliases.resolve(roomIdOrAlias);
      if (!found) throw notFound(`There is no room alias ${roomIdOrAlias} on this server.`);
      return found.roomId;
    },

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
