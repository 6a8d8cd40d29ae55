// Asks a room's policy server for the signature that an event lacks, once, before the event is judged.
// Server-Server API, "Policy Servers". Since v1.18.

import type { Log } from '../../lib/log.ts';
import { PeerError } from '../../peers/peer-error.ts';
import type { Peers } from '../../peers/peers.ts';
import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomId, ServerName } from '../../protocol/ids/branded.ts';
import {
  isPolicyEvent,
  isSignedBy,
  type PolicyServer,
  policyServerIn,
} from '../../protocol/policy-servers/policy-server.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import type { IncomingEvent } from '../../rooms/receive/incoming.ts';
import { askPolicyServer } from '../policy/ask-policy-server.ts';

export interface PolicySignaturesDeps {
  readonly peers: Pick<Peers, 'call'>;
  readonly serversIn: (roomId: RoomId) => Promise<ReadonlySet<ServerName>>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The events in their order, with the signature where the policy server gave it. Never rejects for what that server does. */
export type AddPolicySignatures = (
  room: { readonly roomId: RoomId; readonly version: RoomVersion; readonly policy: JsonObject | undefined },
  events: readonly IncomingEvent[],
) => Promise<IncomingEvent[]>;

/** The room waits meanwhile. */
const TIMEOUT_MS = 5000;

export const createPolicySignatures = (deps: PolicySignaturesDeps): AddPolicySignatures => {
  const { peers, serversIn, log, signal } = deps;

  const policyServerOf = async (roomId: RoomId, content: JsonObject): Promise<PolicyServer | undefined> => {
    const server = policyServerIn(content);
    // "At least one joined user in the room."
    return server && (await serversIn(roomId)).has(server.via) ? server : undefined;
  };

  const signed = async (
    server: PolicyServer,
    incoming: IncomingEvent,
    version: RoomVersion,
  ): Promise<IncomingEvent> => {
    if (isPolicyEvent(incoming.event) || (await isSignedBy(server, incoming))) return incoming;
    try {
      const options = { timeoutMs: TIMEOUT_MS, signal };
      return { ...incoming, ...(await askPolicyServer(peers, server, incoming, version, options)) };
    } catch (error) {
      // One signature too long for an event.
      if (error instanceof MatrixError) return incoming;
      if (!(error instanceof PeerError)) throw error;
      const { roomId, eventId } = incoming.event;
      const { destination, stage, message: reason } = error;
      log.debug({ roomId, eventId, server: destination, stage, reason }, 'A policy server did not sign an event.');
      return incoming;
    }
  };

  return async ({ roomId, version, policy }, events) => {
    const server = policy && (await policyServerOf(roomId, policy));
    return server ? Promise.all(events.map((event) => signed(server, event, version))) : [...events];
  };
};
