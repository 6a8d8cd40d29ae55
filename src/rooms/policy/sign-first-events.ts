// The events of a new room with the signature of the policy server that one of them names. Only users of this server are in a
// new room, so it can only be one that goes by this server's name: others have no part in a room that nobody of theirs joined.
// Server-Server API, "Determining if a Policy Server is enabled in a room". Since v1.18.

import { parsePdu } from '../../protocol/events/parse-pdu.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import { isPolicyEvent, type PolicyServer, policyServerIn } from '../../protocol/policy-servers/policy-server.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import type { Engine } from '../rooms.ts';
import type { Prepared } from '../send/prepare-event.ts';

/** In their order; those that come before the policy server is in force as they are. Throws what PolicyServerPort throws. */
export const signFirstEvents = async (
  { policyServers }: Engine,
  version: RoomVersion,
  prepared: readonly Prepared[],
): Promise<readonly Prepared[]> => {
  if (!policyServers || !prepared.some(({ event }) => isPolicyEvent(event))) return prepared;
  const servers = serversInForce(prepared.map(({ event }) => event));
  return Promise.all(
    prepared.map(async (each, at) => {
      const server = servers[at];
      if (!server || isPolicyEvent(each.event)) return each;
      const { restJson } = await policyServers.sign(server, parsePdu(each.pduJson, version), version);
      return { ...each, row: { ...each.row, rest: restJson } };
    }),
  );
};

/** For each event the policy server of the state before it. */
const serversInForce = (events: readonly RoomEvent[]): (PolicyServer | undefined)[] => {
  const joined = new Set<string>();
  let named: PolicyServer | undefined;
  return events.map((event) => {
    const inForce = named && joined.has(named.via) ? named : undefined;
    const { type, stateKey, content } = event;
    if (isPolicyEvent(event)) named = policyServerIn(content);
    if (type === 'm.room.member' && content.membership === 'join') joined.add(serverOf(stateKey as UserId));
    return inForce;
  });
};
