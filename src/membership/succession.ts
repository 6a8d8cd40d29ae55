// When a room replaces another, its members keep what they had set for the old one: tags, push rules, direct chats.
// Client-Server API, "Room Upgrades": "the server should automatically transfer/replicate some of the user's personalized settings".

import { isJsonObject, type Json, type JsonObject } from '../protocol/events/json.ts';
import type { RoomId } from '../protocol/ids/branded.ts';
import { isRoomId } from '../protocol/ids/room-id.ts';
import type { RoomRef } from '../rooms/room-ref.ts';
import { findAccountData, GLOBAL, putAccountData } from '../storage/stores/account-data.ts';
import { localMembers } from '../storage/stores/memberships.ts';
import type { Actor, MembershipDeps } from './deps.ts';

/** On joining: from the room that this one says it replaces, if that one says so too. */
export const inheritFromPredecessor = async (deps: MembershipDeps, actor: Actor, roomId: RoomId): Promise<void> => {
  const room = await deps.rooms.view(roomId);
  const predecessor = (await room.get('m.room.create'))?.content.predecessor;
  const oldId = isJsonObject(predecessor) ? predecessor.room_id : undefined;
  if (typeof oldId !== 'string' || !isRoomId(oldId)) return;
  const old = await deps.rooms.find(oldId);
  if (!old) return;
  const tombstone = await (await deps.rooms.view(oldId)).get('m.room.tombstone');
  if (tombstone?.content.replacement_room === roomId) await inherit(deps, actor.user, old, room);
};

/** After a tombstone: those who are in the new room already. */
export const bequeathToSuccessor = async (deps: MembershipDeps, old: RoomRef, successor: RoomId): Promise<void> => {
  const room = await deps.rooms.find(successor);
  if (!room) return;
  const predecessor = (await (await deps.rooms.view(successor)).get('m.room.create'))?.content.predecessor;
  if (!isJsonObject(predecessor) || predecessor.room_id !== old.roomId) return;
  const users = await deps.db.read(async (tx) => {
    const before = new Set(await localMembers(tx, old.nid));
    return (await localMembers(tx, room.nid)).filter((user) => before.has(user));
  });
  for (const user of users) await inherit(deps, user, old, room);
};

const inherit = async (deps: MembershipDeps, user: number, old: RoomRef, room: RoomRef): Promise<void> => {
  await inheritTags(deps, user, old, room);
  await inheritDirect(deps, user, old, room);
  await deps.pushRules.copyRoomRules(user, old.roomId, room.roomId);
};

const inheritTags = async ({ db }: MembershipDeps, user: number, old: RoomRef, room: RoomRef): Promise<void> => {
  const [tags, present] = await db.read(async (tx) => [
    await findAccountData(tx, user, old.nid, 'm.tag'),
    await findAccountData(tx, user, room.nid, 'm.tag'),
  ]);
  if (tags === undefined || present !== undefined) return;
  await db.write(putAccountData, { user, room: room.nid, type: 'm.tag', content: tags });
};

/** m.direct: user id → room ids. */
const inheritDirect = async ({ db }: MembershipDeps, user: number, old: RoomRef, room: RoomRef): Promise<void> => {
  const text = await db.read((tx) => findAccountData(tx, user, GLOBAL, 'm.direct'));
  if (text === undefined || !text.includes(old.roomId)) return;
  const direct = JSON.parse(text) as JsonObject;
  const entries = Object.entries(direct).map(([userId, rooms]): [string, Json] => {
    const isDirect = Array.isArray(rooms) && rooms.includes(old.roomId) && !rooms.includes(room.roomId);
    return [userId, isDirect ? [...rooms, room.roomId] : rooms];
  });
  const content = JSON.stringify(Object.fromEntries(entries));
  if (content !== text) await db.write(putAccountData, { user, room: GLOBAL, type: 'm.direct', content });
};
