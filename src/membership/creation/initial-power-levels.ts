// The power levels a room begins with. Client-Server API, "POST /createRoom" and "m.room.power_levels".

import type { JsonObject } from '../../protocol/events/json.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import { type CreationRequest, presetOf } from './creation-request.ts';

const ADMINISTRATOR = 100;
/** Since v12: "the power level for sending m.room.tombstone events MUST explicitly be higher than state_default". */
export const TOMBSTONE_LEVEL_SINCE_V12 = 150;

/** "Overridden by the power_level_content_override parameter", key by key. */
export const initialPowerLevels = (request: CreationRequest, creator: UserId, version: RoomVersion): JsonObject => {
  const preset = presetOf(request);
  // "All invitees are given the same power level as the room creator." Since v12 they are creators.
  const trusted = preset === 'trusted_private_chat' ? request.invite : [];
  const powerful = version.privilegedCreators ? [] : [creator, ...trusted];
  return {
    users: Object.fromEntries(powerful.map((userId) => [userId, ADMINISTRATOR])),
    users_default: 0,
    events: {
      'm.room.avatar': 50,
      'm.room.canonical_alias': 50,
      'm.room.encryption': ADMINISTRATOR,
      'm.room.history_visibility': ADMINISTRATOR,
      'm.room.name': 50,
      'm.room.power_levels': ADMINISTRATOR,
      'm.room.server_acl': ADMINISTRATOR,
      'm.room.tombstone': version.privilegedCreators ? TOMBSTONE_LEVEL_SINCE_V12 : ADMINISTRATOR,
    },
    events_default: 0,
    state_default: 50,
    ban: 50,
    kick: 50,
    redact: 50,
    // Where anybody may come in by themselves, inviting strangers is for moderators.
    invite: preset === 'public_chat' ? 50 : 0,
    ...request.powerLevels,
  };
};
