// Which servers must have signed an event.
// Server-Server API, "Validating hashes and signatures on received events"; room versions 1, 3 and 8.

import { isJsonObject } from '../../protocol/events/json.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import { isUserId } from '../../protocol/ids/user-id.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';

/** Without repetition. */
export const requiredSigners = (event: RoomEvent, version: RoomVersion): ServerName[] => {
  const signers = new Set<ServerName>();
  const {
    membership,
    third_party_invite: thirdPartyInvite,
    join_authorised_via_users_server: authoriser,
  } = event.type === 'm.room.member' ? event.content : {};
  // "The sender's server, unless the invite occurred as a result of a third-party invite."
  if (membership !== 'invite' || !isJsonObject(thirdPartyInvite)) signers.add(serverOf(event.sender));
  // v1–2: "the server which created the event_id".
  const allocator = version.eventIdFormat === 'chosen' ? serverOf(event.eventId) : undefined;
  if (allocator !== undefined) signers.add(allocator);
  // Since v8: "if the event is … a join with join_authorised_via_users_server, the server that authorised it".
  if (version.allowRestrictedJoins && membership === 'join' && typeof authoriser === 'string') {
    if (isUserId(authoriser, 'historical')) signers.add(serverOf(authoriser));
  }
  return [...signers];
};
