// "Is validated by the Policy Server, if the room is using a Policy Server, otherwise it is 'soft failed'."
// Server-Server API, "Checks performed on receipt of a PDU", 7; "Validating Policy Server signatures".

import { isJsonObject } from '../../../protocol/events/json.ts';
import type { RoomEvent } from '../../../protocol/events/room-event.ts';
import type { EventId } from '../../../protocol/ids/branded.ts';
import { signaturesOf } from '../../../protocol/signing/signatures.ts';
import { verifyTextAsync } from '../../../protocol/signing/verify-text.ts';
import { hasJoinedMemberOf } from '../../../storage/stores/received-events.ts';
import type { NodeHash } from '../../state-tree/state-node.ts';
import type { Batch } from '../batch.ts';
import type { FailedCheck, IncomingEvent } from '../incoming.ts';

/** "The Key ID for the ed25519 key in m.room.policy is always ed25519:policy_server." */
const KEY_ID = 'ed25519:policy_server';

export const signedByPolicyServer = async (
  batch: Batch,
  { event, pdu, signedText }: IncomingEvent,
  /** A state with the m.room.policy of the current one. */
  stateRoot: NodeHash,
): Promise<FailedCheck | undefined> => {
  // "… not asked to sign m.room.policy state events with empty string state_keys".
  if (event.type === 'm.room.policy' && event.stateKey === '') return undefined;
  const server = await policyServerOf(batch, stateRoot);
  if (!server) return undefined;
  const signature = signaturesOf(pdu, server.via).get(KEY_ID);
  if (signature !== undefined && (await verifyTextAsync(signedText, signature, server.key))) return undefined;
  return {
    check: 'policy-server',
    rule: '',
    sentence:
      'If the event still does not have a valid Policy Server signature, the event is *not* recommended for inclusion.',
    inputs: [server.policy],
  };
};

export interface PolicyServer {
  readonly via: string;
  readonly key: string;
  /** The event that names it. */
  readonly policy: EventId;
}

/** The policy server of the current state; null: the room has none. */
const policyServerOf = async (batch: Batch, stateRoot: NodeHash): Promise<PolicyServer | null> => {
  const { engine, room, policyServers } = batch;
  const known = policyServers.get(stateRoot);
  if (known !== undefined) return known;
  const [event] = await engine.state.pick(room, stateRoot, [['m.room.policy', '']]);
  const named = event ? policyServer(event) : null;
  // "at least one joined user in the room".
  const isIn = named !== null && (await engine.db.read((tx) => hasJoinedMemberOf(tx, room.nid, named.via)));
  const server = isIn ? named : null;
  policyServers.set(stateRoot, server);
  return server;
};

/** "content contains at least: A string value for via. An object value for public_keys containing at least … ed25519." */
const policyServer = ({ eventId, content }: RoomEvent): PolicyServer | null => {
  const { via, public_keys: keys } = content;
  if (typeof via !== 'string' || !isJsonObject(keys) || typeof keys.ed25519 !== 'string') return null;
  return { via, key: keys.ed25519, policy: eventId };
};
