// Events that this server brings into a room, whoever made them, with the signature of the room's policy server.
// Server-Server API, "Asking for a Policy Server signature on an event". Since v1.18.

import type { ParsedPdu } from '../../protocol/events/parse-pdu.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import { isPolicyEvent, isSignedBy } from '../../protocol/policy-servers/policy-server.ts';
import type { Engine } from '../rooms.ts';
import { policyServerOf } from './room-policy.ts';

/** As it is where the room has no policy server, or the signature is there. Throws what PolicyServerPort throws. */
export const withPolicySignature = async <T extends ParsedPdu>(engine: Engine, roomId: RoomId, pdu: T): Promise<T> => {
  const { policyServers } = engine;
  if (!policyServers || isPolicyEvent(pdu.event)) return pdu;
  const found = await engine.lock.run(roomId, async () => {
    const room = await engine.warm.get(roomId);
    return room && { version: room.version, server: await policyServerOf(engine, room) };
  });
  if (!found?.server || (await isSignedBy(found.server, pdu))) return pdu;
  return { ...pdu, ...(await policyServers.sign(found.server, pdu, found.version)) };
};
