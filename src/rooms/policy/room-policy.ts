// The policy server of a room as the next event will find it, remembered so that rooms without one are not asked twice.
// Server-Server API, "Determining if a Policy Server is enabled in a room". Since v1.18.

import type { RoomEvent } from '../../protocol/events/room-event.ts';
import { isPolicyEvent, type PolicyServer, policyServerIn } from '../../protocol/policy-servers/policy-server.ts';
import { hasJoinedMemberOf } from '../../storage/stores/received-events.ts';
import type { Engine } from '../rooms.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { RoomHead, WarmRoom } from '../warm-rooms.ts';

/** What m.room.policy says in one state of the room. */
export interface RoomPolicy {
  root: NodeHash;
  /** undefined: nothing, or nothing valid. */
  readonly named: PolicyServer | undefined;
}

/** Read from the room's state. */
const readPolicy = async (engine: Engine, room: WarmRoom): Promise<PolicyServer | undefined> => {
  const root = room.head.stateRoot;
  const [event] = await engine.state.pick(room, root, [['m.room.policy', '']]);
  const named = event && policyServerIn(event.content);
  room.policy = { root, named };
  return named;
};

/** The policy server that signs what is sent; undefined: none, or none can be asked. Call it under the room's lock. */
export const policyServerOf = async (engine: Engine, room: WarmRoom): Promise<PolicyServer | undefined> => {
  const { policy, head } = room;
  const named = policy?.root === head.stateRoot ? policy.named : await readPolicy(engine, room);
  // "at least one joined user in the room in current state".
  return named && (await engine.db.read((tx) => hasJoinedMemberOf(tx, room.nid, named.via))) ? named : undefined;
};

/** Nothing is to be awaited: the room is known to name none. */
export const namesNoPolicyServer = ({ policy, head }: WarmRoom): boolean =>
  policy !== undefined && policy.named === undefined && policy.root === head.stateRoot;

/** What m.room.policy says did not change when these events were sent. */
export const carryPolicy = (
  room: WarmRoom,
  before: RoomHead,
  sent: readonly { readonly event: Pick<RoomEvent, 'type' | 'stateKey'> }[],
): void => {
  const { policy, head } = room;
  if (policy === undefined || head.stateRoot === before.stateRoot || policy.root !== before.stateRoot) return;
  // Where branches are resolved, other events may change the state as well.
  if (before.extremities.length > 1) return;
  for (const { event } of sent) if (isPolicyEvent(event)) return;
  policy.root = head.stateRoot;
};
