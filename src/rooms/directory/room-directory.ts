// The room directory: aliases, what is published, and in which order.

import { forbidden, notFound } from '../../protocol/errors/matrix-error.ts';
import type { RoomAlias, RoomId } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import { isRoomId } from '../../protocol/ids/room-id.ts';
import { roomById, setRoomPublic } from '../../storage/stores/rooms.ts';
import type { RemoteRooms, ResolvedAlias } from '../ports.ts';
import { createAliases, type DirectoryActor, type DirectoryDeps } from './aliases.ts';
import { createOpenRooms } from './open-rooms.ts';
import { createPublicRooms } from './public-rooms.ts';

export const createRoomDirectory = (deps: DirectoryDeps & { readonly remoteRooms: Pick<RemoteRooms, 'resolve'> }) => {
  const { db, rooms, remoteRooms } = deps;
  const { mayManage, ...aliases } = createAliases(deps);
  return {
    ...aliases,
    ...createPublicRooms(deps),
    ...createOpenRooms(deps),

    /** The room, with servers that its alias's server names. Asks other servers for theirs. Throws M_NOT_FOUND. */
    async find(roomIdOrAlias: RoomId | RoomAlias): Promise<ResolvedAlias> {
      if (isRoomId(roomIdOrAlias)) return { roomId: roomIdOrAlias, servers: [] };
      const found = (await aliases.resolve(roomIdOrAlias)) ?? (await remoteRooms.resolve(roomIdOrAlias));
      if (found) return found;
      throw notFound(`${serverOf(roomIdOrAlias)} knows no room alias ${roomIdOrAlias}, or does not answer.`);
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
