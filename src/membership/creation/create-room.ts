// A user creates a room: everything of it, alias and place in the directory included, in one transaction.

import {
  badAlias,
  invalidParam,
  invalidRoomState,
  MatrixError,
  unsupportedRoomVersion,
} from '../../protocol/errors/matrix-error.ts';
import { asJsonList, type JsonObject } from '../../protocol/events/json.ts';
import type { RoomAlias, RoomId, UserId } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import { isRoomAlias } from '../../protocol/ids/room-alias.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';
import type { RoomRef } from '../../rooms/room-ref.ts';
import type { Actor, MembershipDeps } from '../deps.ts';
import { checkInvitee } from '../invitee.ts';
import { memberContent } from '../member-content.ts';
import { inheritFromPredecessor } from '../succession.ts';
import { createContent } from './create-content.ts';
import type { CreationRequest, InitialState } from './creation-request.ts';
import { initialEvents } from './initial-events.ts';

/**
 * Throws M_UNSUPPORTED_ROOM_VERSION, M_ROOM_IN_USE for the alias, M_INVALID_ROOM_STATE with the rule that refuses one of the
 * events, M_BAD_JSON, M_INVALID_PARAM, M_BAD_ALIAS, and what checkInvitee throws; then there is no room. Throws as inviteRemotes
 * when there is one.
 */
export const createRoom = async (deps: MembershipDeps, actor: Actor, request: CreationRequest): Promise<RoomRef> => {
  const { userId: creator, user } = actor;
  const version = knownVersion(request.roomVersion ?? deps.defaultRoomVersion);
  const alias = aliasOf(deps, request.aliasName);
  checkInitialState(request.initialState, creator, alias);
  const invitees = await inviteContents(deps, request, creator);
  const creatorContent = await memberContent(deps, user, 'join', {});
  const drafts = initialEvents({ request, version, creator, creatorContent, alias, invitees });
  const content = createContent(request, creator, version);
  const room = await deps.rooms.create({
    version,
    create: { type: 'm.room.create', stateKey: '', sender: creator, content },
    rest: () => drafts,
    directory: { isPublic: request.isPublic, alias: alias && { alias, creator: user } },
  });
  if (content.predecessor !== undefined) await inheritFromPredecessor(deps, actor, room.roomId);
  await inviteRemotes(deps, request, creator, room.roomId);
  return room;
};

/**
 * Their servers are asked one by one, once there is a room to invite to. The room stays, whatever they say: that is thrown at the
 * end only where the specification gives the request an error for it.
 */
const inviteRemotes = async (
  { remote, serverName, log }: MembershipDeps,
  request: CreationRequest,
  sender: UserId,
  roomId: RoomId,
): Promise<void> => {
  const content: JsonObject = request.isDirect ? { is_direct: true } : {};
  const failures: MatrixError[] = [];
  for (const target of new Set(request.invite)) {
    if (serverOf(target) === serverName) continue;
    await remote.invite({ roomId, sender, target, content }).catch((err: unknown) => {
      if (!(err instanceof MatrixError)) throw err;
      log.info({ err, roomId, target }, 'A user of another server could not be invited to a new room.');
      failures.push(err);
    });
  }
  const blocked = failures.find(({ errcode }) => errcode === 'M_INVITE_BLOCKED');
  if (blocked) throw blocked;
  // "one or more users being invited to the new room are residents of a homeserver which does not support the requested room version"
  const outdated = failures.find(({ errcode }) => errcode === 'M_INCOMPATIBLE_ROOM_VERSION');
  if (outdated) throw unsupportedRoomVersion(outdated.message, { cause: outdated });
};

export const knownVersion = (id: string): RoomVersion => {
  const version = roomVersion(id);
  if (!version) throw unsupportedRoomVersion(`This server does not know room version ${id}.`);
  return version;
};

const aliasOf = ({ serverName }: MembershipDeps, name: string | undefined): RoomAlias | undefined => {
  if (name === undefined) return undefined;
  const alias = `#${name}:${serverName}`;
  if (name === '' || name.includes(':') || !isRoomAlias(alias)) {
    throw invalidParam(`room_alias_name cannot be the local part of a room alias: ${alias}.`);
  }
  return alias;
};

/** What the authorisation rules would let pass, but other endpoints check. */
const checkInitialState = (events: readonly InitialState[], creator: UserId, alias: RoomAlias | undefined): void => {
  for (const { type, stateKey, content } of events) {
    if (type === 'm.room.member' && (stateKey !== creator || content.membership !== 'join')) {
      throw invalidRoomState('initial_state cannot make members; use invite.');
    }
    if (type !== 'm.room.canonical_alias') continue;
    const named = [content.alias, ...asJsonList(content.alt_aliases)];
    if (named.some((each) => typeof each === 'string' && each !== '' && each !== alias)) {
      throw badAlias('Of a new room only the alias of room_alias_name can be canonical.');
    }
  }
};

const inviteContents = async (
  deps: MembershipDeps,
  request: CreationRequest,
  creator: UserId,
): Promise<Map<UserId, JsonObject>> => {
  const contents = new Map<UserId, JsonObject>();
  for (const userId of new Set(request.invite)) {
    if (userId === creator) throw invalidParam('The creator of a room cannot be invited to it.');
    const invitee = await checkInvitee(deps, userId);
    if (!invitee.isLocal) continue;
    const content: JsonObject = request.isDirect ? { is_direct: true } : {};
    contents.set(userId, await memberContent(deps, invitee.user, 'invite', content));
  }
  return contents;
};
