// PUT /_matrix/federation/v2/send_join: another server's user joins. The answer is the room's state, streamed.

import type { Federation } from '../../../federation/federation.ts';
import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { eventIdParam, optionalBool, roomIdParam } from '../../../http/inbound/params.ts';
import { givenObject } from './given-object.ts';

const params = { roomId: roomIdParam, eventId: eventIdParam };

interface Parts {
  readonly federation: Federation;
}

export const sendJoin = endpoint({
  route: 'PUT /_matrix/federation/v2/send_join/{roomId}/{eventId}',
  spec: 'server-server-api/#put_matrixfederationv2send_joinroomideventid',
  auth: 'server',
  limit: 'none',
  params,
  query: { omit_members: optionalBool() },
  body: 'object',
  async handle({ caller, params: given, query, bodyText }, { federation: { handshakes } }: Parts) {
    const wire = givenObject(bodyText);
    const taken = await handshakes.resident.take(caller.serverName, { kind: 'join', ...given, wire });
    return jsonText(handshakes.resident.joinAnswer(taken, query.omit_members));
  },
});

/** Older servers, before the second version. */
export const sendJoinOld = endpoint({
  route: 'PUT /_matrix/federation/v1/send_join/{roomId}/{eventId}',
  spec: 'server-server-api/#put_matrixfederationv1send_joinroomideventid',
  auth: 'server',
  limit: 'none',
  params,
  body: 'object',
  async handle({ caller, params: given, bodyText }, { federation: { handshakes } }: Parts) {
    const wire = givenObject(bodyText);
    const taken = await handshakes.resident.take(caller.serverName, { kind: 'join', ...given, wire });
    return jsonText(inPair(handshakes.resident.joinAnswer(taken, false)));
  },
});

/** `[200, {…}]` */
async function* inPair(answer: AsyncIterable<string>): AsyncIterable<string> {
  yield '[200,';
  yield* answer;
  yield ']';
}
