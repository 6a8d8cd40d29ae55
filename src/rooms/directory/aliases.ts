// Room aliases of this server. Client-Server API, "Room aliases".

import type { Clock } from '../../lib/clock.ts';
import { forbidden, invalidParam, MatrixError, notFound } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomAlias, RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import type { Database } from '../../storage/database.ts';
import { aliasesOfRoom, createAlias, deleteAlias, findAlias } from '../../storage/stores/aliases.ts';
import { someRemoteMembers } from '../../storage/stores/directory.ts';
import { serversOfPartialJoins } from '../../storage/stores/room-servers.ts';
import type { Rooms } from '../rooms.ts';
import type { Composition } from '../send/draft.ts';

export interface DirectoryDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly rooms: Rooms;
}

/** A local user who acts upon the directory. */
export interface DirectoryActor {
  readonly user: number;
  readonly userId: UserId;
  readonly isAdmin: boolean;
}

export interface ResolvedAlias {
  readonly roomId: RoomId;
  /** Servers in the room, this one first. */
  readonly servers: readonly ServerName[];
}

const SERVERS_MAX = 30;
const ALIASES_PER_ROOM_MAX = 1000;

export const createAliases = ({ db, clock, serverName, rooms }: DirectoryDeps) => {
  const mayManage = async (actor: DirectoryActor, roomId: RoomId): Promise<boolean> => {
    if (actor.isAdmin) return true;
    const room = await rooms.view(roomId);
    if ((await room.membershipOf(actor.userId)) !== 'join') return false;
    const levels = await room.powerLevels();
    return levels.powerOf(actor.userId) >= levels.required('m.room.canonical_alias', true);
  };

  /** "delete the alias and return a successful response even if the user does not have permission to update the event" */
  const removeFromState = async (sender: UserId, roomId: RoomId, alias: RoomAlias): Promise<void> => {
    const event = { type: 'm.room.canonical_alias', stateKey: '', sender };
    const compose: Composition['compose'] = async (room) => {
      const current = await room.get(event.type);
      const content = current && withoutAlias(current.content, alias);
      return content ? [{ ...event, content }] : [];
    };
    try {
      await rooms.sendComposition(roomId, { possible: [event], compose });
    } catch (error) {
      if (!(error instanceof MatrixError) || error.errcode !== 'M_FORBIDDEN') throw error;
    }
  };

  return {
    /** undefined: no such alias here. */
    async resolve(alias: RoomAlias): Promise<ResolvedAlias | undefined> {
      return db.read(async (tx) => {
        const found = await findAlias(tx, alias);
        if (!found) return undefined;
        const others = (await someRemoteMembers(tx, found.room, 10 * SERVERS_MAX)).map((userId) => serverOf(userId));
        // As long as few members are known here, others have to let in whoever wants to join.
        const told = (await serversOfPartialJoins(tx, [found.room])).get(found.room) ?? [];
        return { roomId: found.roomId, servers: [...new Set([serverName, ...told, ...others])].slice(0, SERVERS_MAX) };
      });
    },

    /** Throws 409 M_UNKNOWN when it exists, M_INVALID_PARAM, M_FORBIDDEN for who is not in the room, M_NOT_FOUND. */
    async createAlias(actor: DirectoryActor, alias: RoomAlias, roomId: RoomId): Promise<void> {
      if (serverOf(alias) !== serverName) throw invalidParam(`Aliases of this server end in :${serverName}.`);
      const room = await rooms.view(roomId);
      if (!actor.isAdmin && (await room.membershipOf(actor.userId)) !== 'join') {
        throw forbidden('Only members of a room can give it an alias.');
      }
      const aliases = await db.read((tx) => aliasesOfRoom(tx, room.nid));
      if (aliases.length >= ALIASES_PER_ROOM_MAX) throw forbidden(`The room has ${aliases.length} aliases already.`);
      try {
        await db.write(createAlias, { alias, room: room.nid, creator: actor.user, now: clock.now() });
      } catch (cause) {
        if (!(cause instanceof MatrixError) || cause.errcode !== 'M_ROOM_IN_USE') throw cause;
        throw new MatrixError(409, 'M_UNKNOWN', `Room alias ${alias} already exists.`, { cause });
      }
    },

    /** By who made it, who may send m.room.canonical_alias, or an administrator. Throws M_FORBIDDEN, M_NOT_FOUND. */
    async deleteAlias(actor: DirectoryActor, alias: RoomAlias): Promise<void> {
      const found = await db.read((tx) => findAlias(tx, alias));
      if (!found) throw notFound(`There is no alias ${alias} on this server.`);
      if (found.creator !== actor.user && !(await mayManage(actor, found.roomId))) {
        throw forbidden('Only who made an alias, or may send m.room.canonical_alias in its room, can delete it.');
      }
      if (!(await db.write(deleteAlias, alias))) throw notFound(`There is no alias ${alias} on this server.`);
      await removeFromState(actor.userId, found.roomId, alias);
    },

    /** In alphabetical order. Throws M_FORBIDDEN unless they are in the room or anybody may read it, M_NOT_FOUND. */
    async aliasesOf(userId: UserId, roomId: RoomId): Promise<RoomAlias[]> {
      const room = await rooms.view(roomId);
      const [member, visibility] = await room.pick([
        ['m.room.member', userId],
        ['m.room.history_visibility', ''],
      ]);
      const isOpen = visibility?.content.history_visibility === 'world_readable';
      if (!isOpen && member?.content.membership !== 'join') throw forbidden('You are not in this room.');
      return db.read((tx) => aliasesOfRoom(tx, room.nid));
    },

    mayManage,
  };
};

/** undefined: the alias does not stand there. */
const withoutAlias = (content: JsonObject, alias: RoomAlias): JsonObject | undefined => {
  const { alias: canonical, alt_aliases: alternatives, ...rest } = content;
  const others = Array.isArray(alternatives) ? alternatives.filter((each) => each !== alias) : undefined;
  const isNamed = canonical === alias || (Array.isArray(alternatives) && others!.length < alternatives.length);
  if (!isNamed) return undefined;
  return {
    ...rest,
    ...(canonical !== undefined && canonical !== alias && { alias: canonical }),
    ...(others && others.length > 0 && { alt_aliases: others }),
  };
};
