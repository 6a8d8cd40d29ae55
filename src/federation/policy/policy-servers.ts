// Policy servers as the room engine asks them, for events that are about to be sent.
// Server-Server API, "Validating Policy Server signatures". Since v1.18.

import { createTurns } from '../../lib/turns.ts';
import { PeerError } from '../../peers/peer-error.ts';
import type { Peers } from '../../peers/peers.ts';
import { limitExceeded, MatrixError, remoteFailure } from '../../protocol/errors/matrix-error.ts';
import type { PolicyServerPort } from '../../rooms/ports.ts';
import { askPolicyServer } from './ask-policy-server.ts';

/** A user waits. */
const TIMEOUT_MS = 10_000;
/** Of all rooms together. */
const ASKED_AT_ONCE = 128;
const WAITING_MAX = 2000;
const RETRY_AFTER_MS = 2000;

/** How a policy server says no. Other codes could mean something to a client that only its own server may say. */
const REFUSALS: ReadonlySet<string> = new Set(['M_FORBIDDEN', 'M_SAFETY', 'ORG.MATRIX.MSC4387_SAFETY', 'M_TOO_LARGE']);

export const createPolicyServers = (peers: Pick<Peers, 'call'>): PolicyServerPort => {
  const inTurn = createTurns({
    runningMax: ASKED_AT_ONCE,
    waitingMax: WAITING_MAX,
    full: () => limitExceeded('Too many events wait for policy servers.', RETRY_AFTER_MS),
  });
  return {
    async sign(server, pdu, version) {
      try {
        const options = { timeoutMs: TIMEOUT_MS, ignoresBackOff: true };
        return await inTurn(() => askPolicyServer(peers, server, pdu, version, options));
      } catch (error) {
        throw error instanceof PeerError ? policyFailure(error) : error;
      }
    },
  };
};

/** "If the Policy Server returned an error, that error SHOULD be provided to the client verbatim." */
const policyFailure = (cause: PeerError): MatrixError => {
  const { destination, status, errcode, said, retryAfterMs, message } = cause;
  if (status === 429) {
    const why = said ?? `The room's policy server ${destination} is asked too often.`;
    return limitExceeded(why, retryAfterMs ?? RETRY_AFTER_MS);
  }
  if (status !== undefined && status < 500 && errcode !== undefined && REFUSALS.has(errcode)) {
    return new MatrixError(status, errcode, said ?? `The room's policy server ${destination} refused it.`, { cause });
  }
  return remoteFailure(`The room's policy server ${destination} did not sign the event: ${message}.`, { cause });
};
