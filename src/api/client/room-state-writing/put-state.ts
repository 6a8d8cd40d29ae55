// PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}: sends a state event; the state key may be left out.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam, text } from '../../../http/inbound/params.ts';
import type { Membership } from '../../../membership/membership.ts';
import { invalidParam } from '../../../protocol/errors/matrix-error.ts';
import { isUserId } from '../../../protocol/ids/user-id.ts';
import type { Rooms } from '../../../rooms/rooms.ts';
import { sendQuery, timestampOf } from '../sending/send-query.ts';

export const putState = endpoint({
  route: 'PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}',
  also: [
    'PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}/',
    'PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}',
    'PUT /_matrix/client/r0/rooms/{roomId}/state/{eventType}/{stateKey}',
    'PUT /_matrix/client/r0/rooms/{roomId}/state/{eventType}/',
    'PUT /_matrix/client/r0/rooms/{roomId}/state/{eventType}',
  ],
  spec: 'client-server-api/#put_matrixclientv3roomsroomidstateeventtypestatekey',
  auth: 'guest',
  limit: 'message',
  refusesSuspended: true,
  params: { roomId: roomIdParam, eventType: text, stateKey: text },
  query: sendQuery,
  body: 'object',
  async handle({ caller, params, query, body }, { rooms, membership }: { rooms: Rooms; membership: Membership }) {
    const { roomId, eventType: type } = params;
    // Absent in the shorter routes.
    const stateKey = (params.stateKey as string | undefined) ?? '';
    const originServerTs = timestampOf(caller, query.ts);
    if (type === 'm.room.member') {
      if (!isUserId(stateKey)) throw invalidParam('The state key of m.room.member must be a user ID.');
      const request = { roomId, target: stateKey, content: body, originServerTs };
      const { eventId } = await membership.setMember(caller, request);
      return { event_id: eventId };
    }
    const draft = { type, stateKey, sender: caller.userId, content: body, originServerTs };
    const { eventId } = await rooms.sendState(roomId, draft);
    await membership.stateChanged(roomId, type, stateKey, body);
    return { event_id: eventId };
  },
});
