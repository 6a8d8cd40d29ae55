// What a room looks like from outside. Client-Server API, GET /room_summary/{roomIdOrAlias}.

import { notFound } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomAlias, RoomId, ServerName } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import { isRoomAlias } from '../../protocol/ids/room-alias.ts';
import { findAlias } from '../../storage/stores/aliases.ts';
import { previewOf, previewRoom } from './may-preview.ts';
import type { HierarchyDeps } from './space-hierarchy.ts';

/**
 * `via`: servers that may be in the room. `user`: a nid, or undefined for who did not say. Throws M_NOT_FOUND for what they may
 * not know of as well.
 */
export const roomSummary = async (
  deps: HierarchyDeps,
  roomIdOrAlias: RoomId | RoomAlias,
  via: readonly ServerName[],
  user: number | undefined,
): Promise<JsonObject> => {
  const { db, reading } = deps;
  const meant = isRoomAlias(roomIdOrAlias)
    ? await resolve(deps, roomIdOrAlias)
    : { roomId: roomIdOrAlias, servers: [] };
  if (!meant) throw nothing();
  const { roomId, servers } = meant;
  const here = await db.read((tx) => previewRoom(reading, tx, roomId, user));
  const preview = here === 'elsewhere' ? await previewElsewhere(deps, roomId, [...via, ...servers], user) : here;
  if (!preview || preview === 'hidden') throw nothing();
  const { facts, membership } = preview;
  return { ...facts.summary, ...(membership !== undefined && { membership }) };
};

const nothing = () => notFound('There is no such room here, or you may not look into it.');

const resolve = async ({ db, remoteRooms }: HierarchyDeps, alias: RoomAlias) => {
  const found = await db.read((tx) => findAlias(tx, alias));
  return found ? { roomId: found.roomId, servers: [] } : remoteRooms.resolve(alias);
};

const previewElsewhere = async (
  { db, remoteRooms }: HierarchyDeps,
  roomId: RoomId,
  via: readonly ServerName[],
  user: number | undefined,
) => {
  const named = serverOf(roomId);
  const room = await remoteRooms.of(roomId, named === undefined ? via : [...via, named]);
  return room && db.read((tx) => previewOf(tx, roomId, room.facts, user));
};
