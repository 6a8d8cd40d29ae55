// The content of a new room's m.room.create.

import { badJson } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import { isUserId } from '../../protocol/ids/user-id.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import { type CreationRequest, presetOf } from './creation-request.ts';

/** "The server will overwrite the following keys: creator, room_version." Throws M_BAD_JSON for additional_creators. */
export const createContent = (request: CreationRequest, creator: UserId, version: RoomVersion): JsonObject => {
  const { creator: _creator, room_version: _version, ...content } = request.creationContent;
  const creators = version.privilegedCreators ? additionalCreators(request, creator) : [];
  return {
    ...content,
    room_version: version.id,
    // Until v10.
    ...(version.creatorInContent && { creator }),
    // Since v12.
    ...(creators.length > 0 && { additional_creators: creators }),
  };
};

/** "When using the trusted_private_chat preset, the server SHOULD combine additional_creators … and the invite array …, deduplicating". */
const additionalCreators = (request: CreationRequest, creator: UserId): UserId[] => {
  const given = request.creationContent.additional_creators ?? [];
  if (!Array.isArray(given)) throw badJson('additional_creators must be a list.');
  const creators = given.map((userId) => {
    if (typeof userId !== 'string' || !isUserId(userId)) throw badJson('additional_creators must be user IDs.');
    return userId;
  });
  const invited = presetOf(request) === 'trusted_private_chat' ? request.invite : [];
  return [...new Set([...creators, ...invited])].filter((userId) => userId !== creator);
};
