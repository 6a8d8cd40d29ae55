// A local user joins a restricted room that this server is in, but where nobody of this server may let others in: a server that
// can signs the join, and tells the room of it. Server-Server API, "Restricted rooms".

import { forbidden } from '../../../protocol/errors/matrix-error.ts';
import type { JoinedRoom } from '../../../rooms/receive/incoming.ts';
import { type Candidates, firstToHelp } from '../candidates.ts';
import type { HandshakeDeps } from '../deps.ts';
import { joinThrough, type RemoteJoin } from './join-room.ts';

/** Throws M_FORBIDDEN with the rule, and what peerFailure makes of the servers' errors. */
export const joinForAuthorisation = async (
  deps: HandshakeDeps,
  join: RemoteJoin,
  candidates: Candidates,
): Promise<void> => {
  const joined = await firstToHelp(deps, `The room ${join.roomId} could not be joined`, candidates, (server) =>
    joinThrough(deps, server, join),
  );
  await accept(deps, joined);
};

const accept = async (
  { rooms }: HandshakeDeps,
  { roomId, join: given, state, authChain }: JoinedRoom,
): Promise<void> => {
  const { receive } = rooms;
  const join = await rooms.withPolicySignature(roomId, given);
  let [fate] = await receive.accept(roomId, [join], { as: 'new', onMissing: 'wait' });
  if (fate?.fate === 'waiting') {
    // What came before the join has not come here yet: the other server told the state.
    await receive.acceptOutliers(roomId, [...authChain, ...state]);
    const before = state.map(({ event }) => event.eventId);
    const statesBefore = new Map([[join.event.eventId, before]]);
    [fate] = await receive.accept(roomId, [join], { as: 'new', onMissing: 'judge', statesBefore });
  }
  if (fate?.fate === 'accepted' || fate?.fate === 'known') return;
  const why = fate && 'failed' in fate ? ` Rule ${fate.failed.rule}: ${fate.failed.sentence}` : '';
  throw forbidden(`The room does not allow this.${why}`);
};
