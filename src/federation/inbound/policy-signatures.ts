// Asks a room's policy server for the signature that an event lacks, once, before the event is judged.
// Server-Server API, "Policy Servers". Since v1.18.

import type { Log } from '../../lib/log.ts';
import { PeerError } from '../../peers/peer-error.ts';
import type { Peers } from '../../peers/peers.ts';
import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import { isJsonObject, type JsonObject } from '../../protocol/events/json.ts';
import { parsePdu } from '../../protocol/events/parse-pdu.ts';
import type { RoomId, ServerName } from '../../protocol/ids/branded.ts';
import { isServerName } from '../../protocol/ids/server-name.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import { signaturesOf, withSignature } from '../../protocol/signing/signatures.ts';
import { verifyTextAsync } from '../../protocol/signing/verify-text.ts';
import type { IncomingEvent } from '../../rooms/receive/incoming.ts';

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

interface PolicyServer {
  readonly via: ServerName;
  readonly key: string;
}

/** "ed25519:policy_server is always used for Ed25519 signatures." */
const KEY_ID = 'ed25519:policy_server';
/** The room waits meanwhile. */
const TIMEOUT_MS = 5000;
const ANSWER_SIZE_BYTES_MAX = 10_000;

/** "This endpoint MUST NOT be called for events which have a type of m.room.policy and an empty string state_key." */
const needsNone = ({ event }: IncomingEvent): boolean => event.type === 'm.room.policy' && event.stateKey === '';

export const createPolicySignatures = (deps: PolicySignaturesDeps): AddPolicySignatures => {
  const { peers, serversIn, log, signal } = deps;

  const policyServerOf = async (roomId: RoomId, content: JsonObject): Promise<PolicyServer | undefined> => {
    const { via, public_keys: keys } = content;
    if (typeof via !== 'string' || !isServerName(via) || !isJsonObject(keys) || typeof keys.ed25519 !== 'string') {
      return undefined;
    }
    // "At least one joined user in the room."
    return (await serversIn(roomId)).has(via) ? { via, key: keys.ed25519 } : undefined;
  };

  const ask = async ({ via }: PolicyServer, { pduJson, event }: IncomingEvent): Promise<string | undefined> => {
    try {
      const answer = await peers.call({
        destination: via,
        method: 'POST',
        path: '/_matrix/policy/v1/sign',
        body: pduJson,
        timeoutMs: TIMEOUT_MS,
        responseSizeBytesMax: ANSWER_SIZE_BYTES_MAX,
        signal,
      });
      return signaturesOf({ signatures: answer.json() }, via).get(KEY_ID);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      const { roomId, eventId } = event;
      const { stage, message: reason } = error;
      log.debug({ roomId, eventId, server: via, stage, reason }, 'A policy server did not sign an event.');
      return undefined;
    }
  };

  const signed = async (server: PolicyServer, incoming: IncomingEvent, version: RoomVersion) => {
    const { pdu, signedText, source } = incoming;
    const isGood = async (signature: string | undefined): Promise<boolean> =>
      signature !== undefined && (await verifyTextAsync(signedText, signature, server.key));
    if (needsNone(incoming) || (await isGood(signaturesOf(pdu, server.via).get(KEY_ID)))) return incoming;
    const signature = await ask(server, incoming);
    if (signature === undefined || !(await isGood(signature))) return incoming;
    const whole = { ...pdu, signatures: withSignature(pdu, server.via, KEY_ID, signature) };
    try {
      return { ...parsePdu(whole, version), source };
    } catch (error) {
      // One signature too long for an event.
      if (error instanceof MatrixError) return incoming;
      throw error;
    }
  };

  return async ({ roomId, version, policy }, events) => {
    const server = policy && (await policyServerOf(roomId, policy));
    return server ? Promise.all(events.map((event) => signed(server, event, version))) : [...events];
  };
};
