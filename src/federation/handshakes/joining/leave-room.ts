// A local user declines an invite, or takes back a knock, of a room that this server is not in.
// Server-Server API, "Leaving Rooms (Rejecting Invites)".

import { present } from '../../../lib/assert.ts';
import { randomToken } from '../../../lib/random.ts';
import { parseJsonLossless } from '../../../protocol/canonical-json/parse-json.ts';
import { MatrixError } from '../../../protocol/errors/matrix-error.ts';
import { buildEvent } from '../../../protocol/events/build-event.ts';
import type { JsonObject } from '../../../protocol/events/json.ts';
import { type ParsedPdu, parsePdu } from '../../../protocol/events/parse-pdu.ts';
import type { EventId, RoomId, UserId } from '../../../protocol/ids/branded.ts';
import type { RoomVersion } from '../../../protocol/room-versions/room-version.ts';
import { roomVersion } from '../../../protocol/room-versions/room-versions.ts';
import type { OutOfBandMembership } from '../../../storage/stores/out-of-band.ts';
import { type Candidates, firstToHelp } from '../candidates.ts';
import type { HandshakeDeps } from '../deps.ts';
import { fetchMember } from '../member-template.ts';
import { keepOutOfBand } from '../out-of-band.ts';
import { sendMember } from '../send-member.ts';

export interface RemoteLeave {
  readonly roomId: RoomId;
  readonly userId: UserId;
  /** Of the member event, without the membership. */
  readonly content: JsonObject;
}

/** When no server helps they leave all the same, as far as this server is concerned. */
export const leaveThroughOthers = async (
  deps: HandshakeDeps,
  leave: RemoteLeave,
  { version: versionId }: OutOfBandMembership,
  candidates: Candidates,
): Promise<void> => {
  const { roomId, userId } = leave;
  try {
    await firstToHelp(deps, `The invite to ${roomId} could not be declined`, candidates, async (server) => {
      const { version, parsed } = await fetchMember(deps, server, { kind: 'leave', ...leave });
      await sendMember(deps, server, 'leave', parsed);
      await keepOutOfBand(deps, parsed, version, undefined);
    });
  } catch (err) {
    if (!(err instanceof MatrixError)) throw err;
    deps.log.info({ err, roomId, userId }, 'No server took the leave of a user, who leaves here alone.');
    const version = present(roomVersion(versionId), 'only rooms of known versions are stored');
    await keepOutOfBand(deps, leaveOfOwn(deps, leave, version), version, undefined);
  }
};

/** A leave that no other server knows. */
const leaveOfOwn = (deps: HandshakeDeps, { roomId, userId, content }: RemoteLeave, version: RoomVersion): ParsedPdu => {
  const built = buildEvent(
    {
      roomId,
      type: 'm.room.member',
      stateKey: userId,
      sender: userId,
      content: { ...content, membership: 'leave' },
      originServerTs: deps.clock.now(),
      depth: 0,
      prevEvents: [],
      authEvents: [],
      redacts: undefined,
      chosenEventId:
        version.eventIdFormat === 'chosen' ? (`$${randomToken(18)}:${deps.serverName}` as EventId) : undefined,
    },
    version,
    { name: deps.serverName, key: deps.identity.signingKey },
  );
  return parsePdu(parseJsonLossless(built.pduJson), version);
};
