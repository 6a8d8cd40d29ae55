// Replaces a room by a new one of another version. Client-Server API, "Room Upgrades", "Server behaviour".

import { slicesOf } from '../../lib/slices-of.ts';
import { badJson } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { EventId, RoomId, UserId } from '../../protocol/ids/branded.ts';
import { isUserId } from '../../protocol/ids/user-id.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import type { RoomRef } from '../../rooms/room-ref.ts';
import type { Draft } from '../../rooms/send/draft.ts';
import type { RoomView } from '../../rooms/state/room-view.ts';
import { knownVersion } from '../creation/create-room.ts';
import type { Actor, MembershipDeps } from '../deps.ts';
import { memberContent } from '../member-content.ts';
import { bequeathToSuccessor } from '../succession.ts';
import { checkMayUpgrade, retireRoom } from './retire-room.ts';
import { successorPowerLevels } from './successor-power-levels.ts';
import { bansIn, type TransferredState, transferredState } from './transferred-state.ts';

export interface UpgradeRequest {
  readonly newVersion: string;
  /** Since v12; else without effect. */
  readonly additionalCreators: readonly string[];
}

/** Events that the new room gets in one transaction with its creation; bans beyond follow in steps of this size. */
const BANS_STEP = 200;

/**
 * The new room. Throws M_UNSUPPORTED_ROOM_VERSION, M_FORBIDDEN, M_NOT_FOUND, M_BAD_JSON; then there is none, unless the user
 * lost the power for it while it was made: then nothing points to it.
 */
export const upgradeRoom = async (
  deps: MembershipDeps,
  actor: Actor,
  roomId: RoomId,
  request: UpgradeRequest,
): Promise<RoomRef> => {
  const version = knownVersion(request.newVersion);
  const old = await deps.rooms.view(roomId);
  await checkMayUpgrade(old, actor.userId);
  const state = await old.all();
  const creators = [actor.userId, ...additionalCreators(request, version, actor.userId)];
  const room = await createSuccessor(deps, actor, { old, state, version, creators });
  await copyBans(deps, actor.userId, room, bansIn(state));
  await retireRoom(deps, actor.userId, old, room);
  await bequeathToSuccessor(deps, old, room.roomId);
  return room;
};

const additionalCreators = (request: UpgradeRequest, version: RoomVersion, upgrader: UserId): UserId[] => {
  if (!version.privilegedCreators) return [];
  const creators = request.additionalCreators.map((userId) => {
    if (!isUserId(userId)) throw badJson('additional_creators must be user IDs.');
    return userId;
  });
  return [...new Set(creators)].filter((userId) => userId !== upgrader);
};

interface Succession {
  readonly old: RoomView;
  readonly state: readonly RoomEvent[];
  readonly version: RoomVersion;
  /** The upgrading user first. */
  readonly creators: readonly UserId[];
}

const createSuccessor = async (
  deps: MembershipDeps,
  { user, userId: sender }: Actor,
  { old, state, version, creators }: Succession,
): Promise<RoomRef> => {
  const find = (type: string): RoomEvent | undefined =>
    state.find((event) => event.type === type && event.stateKey === '');
  const create = find('m.room.create');
  const levels = find('m.room.power_levels')?.content;
  const { initial, final } = successorPowerLevels({ version: old.version, create, levels }, version, creators);
  const draft = ({ type, stateKey, content }: TransferredState): Draft => ({ type, stateKey, sender, content });
  const drafts = [
    draft({ type: 'm.room.member', stateKey: sender, content: await memberContent(deps, user, 'join', {}) }),
    draft({ type: 'm.room.power_levels', stateKey: '', content: initial }),
    ...transferredState(state, version, deps.serverName).map(draft),
  ];
  if (final !== initial) drafts.push(draft({ type: 'm.room.power_levels', stateKey: '', content: final }));
  const lastEvent = version.roomIdIsCreateHash ? undefined : await deps.rooms.lastEventOf(old);
  const content = successorCreateContent(create, old.roomId, lastEvent, version, creators);
  return deps.rooms.create({
    version,
    create: { type: 'm.room.create', stateKey: '', sender, content },
    rest: () => drafts,
  });
};

const successorCreateContent = (
  create: RoomEvent | undefined,
  oldId: RoomId,
  lastEvent: EventId | undefined,
  version: RoomVersion,
  creators: readonly UserId[],
): JsonObject => {
  const { type, 'm.federate': federate } = create?.content ?? {};
  const [creator, ...additional] = creators;
  return {
    ...(type !== undefined && { type }),
    ...(federate !== undefined && { 'm.federate': federate }),
    room_version: version.id,
    // "When upgrading to room version 12 or later, the event_id property inside predecessor MAY be omitted."
    predecessor: { room_id: oldId, ...(lastEvent !== undefined && { event_id: lastEvent }) },
    ...(version.creatorInContent && { creator: creator! }),
    ...(additional.length > 0 && { additional_creators: additional }),
  };
};

/** The upgrading user bans again whom the old room had banned, as far as their power goes. */
const copyBans = async (
  { rooms }: MembershipDeps,
  sender: UserId,
  { roomId }: RoomRef,
  bans: readonly TransferredState[],
): Promise<void> => {
  const levels = await (await rooms.view(roomId)).powerLevels();
  const power = levels.powerOf(sender);
  if (power < levels.ban) return;
  const drafts = bans
    .filter(({ stateKey }) => levels.powerOf(stateKey) < power)
    .map(({ type, stateKey, content }): Draft => ({ type, stateKey, sender, content }));
  for (const some of slicesOf(drafts, BANS_STEP)) await rooms.sendAll(roomId, some);
};
