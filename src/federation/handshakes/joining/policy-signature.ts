// The signature of a room's policy server for a join that the resident server took without asking for it. In a room that this
// server was in before, the join would be soft-failed without.
// Server-Server API, "Asking for a Policy Server signature on an event". Since v1.18.

import { PeerError } from '../../../peers/peer-error.ts';
import { MatrixError } from '../../../protocol/errors/matrix-error.ts';
import type { UserId } from '../../../protocol/ids/branded.ts';
import { serverOf } from '../../../protocol/ids/id-parts.ts';
import { isSignedBy, type PolicyServer, policyServerIn } from '../../../protocol/policy-servers/policy-server.ts';
import type { JoinedRoom } from '../../../rooms/receive/incoming.ts';
import { askPolicyServer } from '../../policy/ask-policy-server.ts';
import type { HandshakeDeps } from '../deps.ts';

/** A user waits. */
const TIMEOUT_MS = 10_000;

/** The join as it is where the room has no policy server, or that server does not sign: whether it counts is judged later. */
export const withPolicySignature = async ({ peers, log }: HandshakeDeps, joined: JoinedRoom): Promise<JoinedRoom> => {
  const { join, version, roomId } = joined;
  const server = policyServerOf(joined);
  if (!server || (await isSignedBy(server, join))) return joined;
  try {
    const options = { timeoutMs: TIMEOUT_MS, ignoresBackOff: true };
    return { ...joined, join: { ...join, ...(await askPolicyServer(peers, server, join, version, options)) } };
  } catch (err) {
    if (!(err instanceof PeerError) && !(err instanceof MatrixError)) throw err;
    log.info({ err, roomId, server: server.via }, "A room's policy server did not sign a join.");
    return joined;
  }
};

/** "The current state for the room has a valid m.room.policy … at least one joined user in the room in current state." */
const policyServerOf = ({ state, isPartial, servers = [] }: JoinedRoom): PolicyServer | undefined => {
  const policy = state.find(({ event }) => event.type === 'm.room.policy' && event.stateKey === '');
  const server = policy && policyServerIn(policy.event.content);
  if (!server) return undefined;
  const isThere = isPartial
    ? servers.includes(server.via)
    : state.some(
        ({ event: { type, stateKey, content } }) =>
          type === 'm.room.member' && content.membership === 'join' && serverOf(stateKey as UserId) === server.via,
      );
  return isThere ? server : undefined;
};
