// "Is validated by the Policy Server, if the room is using a Policy Server, otherwise it is 'soft failed'."
// Server-Server API, "Checks performed on receipt of a PDU", 7; "Validating Policy Server signatures".

import type { EventId } from '../../../protocol/ids/branded.ts';
import {
  isPolicyEvent,
  isSignedBy,
  type PolicyServer as NamedServer,
  policyServerIn,
} from '../../../protocol/policy-servers/policy-server.ts';
import { hasJoinedMemberOf } from '../../../storage/stores/received-events.ts';
import type { NodeHash } from '../../state-tree/state-node.ts';
import type { Batch } from '../batch.ts';
import { POLICY } from '../current-state.ts';
import type { FailedCheck, IncomingEvent } from '../incoming.ts';
import { nidsOf } from '../state-key-nids.ts';

/** `stateRoot`: a state with the m.room.policy of the current one. */
export const signedByPolicyServer = (
  batch: Batch,
  incoming: IncomingEvent,
  stateRoot: NodeHash,
): undefined | Promise<FailedCheck | undefined> =>
  // Once it is known that there is none, nobody has to wait.
  batch.policyServers.get(stateRoot) === null ? undefined : refusalWithout(batch, incoming, stateRoot);

const refusalWithout = async (
  batch: Batch,
  incoming: IncomingEvent,
  stateRoot: NodeHash,
): Promise<FailedCheck | undefined> => {
  if (isPolicyEvent(incoming.event)) return undefined;
  const server = await policyServerOf(batch, stateRoot);
  if (!server || (await isSignedBy(server, incoming))) return undefined;
  return {
    check: 'policy-server',
    rule: '',
    sentence:
      'If the event still does not have a valid Policy Server signature, the event is *not* recommended for inclusion.',
    inputs: [server.policy],
  };
};

export interface PolicyServer extends NamedServer {
  /** The event that names it. */
  readonly policy: EventId;
}

/** The policy server of the current state; null: the room has none. */
const policyServerOf = async (batch: Batch, stateRoot: NodeHash): Promise<PolicyServer | null> => {
  const { engine, room, policyServers } = batch;
  const known = policyServers.get(stateRoot);
  if (known !== undefined) return known;
  // Hardly any room has one: most servers never saw such a state.
  const [key] = await nidsOf(batch, [POLICY]);
  const [event] = key === undefined ? [] : await engine.state.pick(room, stateRoot, [POLICY]);
  const named = event && policyServerIn(event.content);
  // "at least one joined user in the room".
  const isIn = named && (await engine.db.read((tx) => hasJoinedMemberOf(tx, room.nid, named.via)));
  const server = isIn ? { ...named, policy: event.eventId } : null;
  policyServers.set(stateRoot, server);
  return server;
};
