// A user of this server turned out to be who was invited to rooms by e-mail address or phone number: the servers of those who
// invited them are asked to invite them by user id. Server-Server API, "PUT /3pid/onbind".

import { createTurns } from '../../../lib/turns.ts';
import { PeerError } from '../../../peers/peer-error.ts';
import { notFound } from '../../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../../protocol/events/json.ts';
import type { RoomId, UserId } from '../../../protocol/ids/branded.ts';
import { serverOf } from '../../../protocol/ids/id-parts.ts';
import type { HandshakeDeps } from '../deps.ts';

export interface BoundInvite {
  readonly roomId: RoomId;
  /** Who sent the m.room.third_party_invite. */
  readonly sender: UserId;
  /** By the identity server. Nobody has checked it: the inviting server does, by the room's rules. */
  readonly signed: JsonObject;
}

const TIMEOUT_MS = 30_000;
const ANSWER_SIZE_BYTES_MAX = 10_000;
const ASKED_AT_ONCE = 4;

/** Resolves once all have been asked; what they refuse is logged. Throws M_NOT_FOUND for a user whom this server does not have. */
export const takeBoundInvites = async (
  deps: Pick<HandshakeDeps, 'accounts' | 'peers' | 'log' | 'serverName'>,
  target: UserId,
  invites: readonly BoundInvite[],
): Promise<void> => {
  const { accounts, peers, log, serverName } = deps;
  if (serverOf(target) !== serverName || !(await accounts.findAccount(target))) {
    throw notFound(`${target} is not a user of this server.`);
  }
  const inTurn = createTurns({ runningMax: ASKED_AT_ONCE });
  const ask = async ({ roomId, sender, signed }: BoundInvite): Promise<void> => {
    const server = serverOf(sender);
    try {
      await peers.call({
        destination: server,
        method: 'PUT',
        path: `/_matrix/federation/v1/exchange_third_party_invite/${encodeURIComponent(roomId)}`,
        body: {
          type: 'm.room.member',
          room_id: roomId,
          sender,
          state_key: target,
          content: { membership: 'invite', third_party_invite: { display_name: target, signed } },
        },
        timeoutMs: TIMEOUT_MS,
        responseSizeBytesMax: ANSWER_SIZE_BYTES_MAX,
      });
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      log.info(
        { server, roomId, reason: error.message },
        'An invite by third-party identifier was not made out to a user.',
      );
    }
  };
  // This server's own users do not invite that way.
  const others = invites.filter(({ sender }) => serverOf(sender) !== serverName);
  await Promise.all(others.map((invite) => inTurn(() => ask(invite))));
};
