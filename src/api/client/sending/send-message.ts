// PUT /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}: sends an event that is no state, redactions included.

import type { Ephemeral } from '../../../ephemeral/ephemeral.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam, text } from '../../../http/inbound/params.ts';
import type { Rooms } from '../../../rooms/rooms.ts';
import { checkSuspended } from './check-suspended.ts';
import { sendQuery, timestampOf, transactionOf, txnIdParam } from './send-query.ts';

export const sendMessage = endpoint({
  route: 'PUT /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}',
  also: ['PUT /_matrix/client/r0/rooms/{roomId}/send/{eventType}/{txnId}'],
  spec: 'client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid',
  auth: 'guest',
  limit: 'message',
  params: { roomId: roomIdParam, eventType: text, txnId: txnIdParam },
  query: sendQuery,
  body: 'object',
  async handle({ caller, params, query, body }, { rooms, ephemeral }: { rooms: Rooms; ephemeral: Ephemeral }) {
    const { roomId, eventType, txnId } = params;
    await checkSuspended(caller, rooms, roomId, eventType === 'm.room.redaction' ? body.redacts : undefined);
    const sent = await rooms.send(roomId, {
      type: eventType,
      sender: caller.userId,
      content: body,
      originServerTs: timestampOf(caller, query.ts),
      transaction: transactionOf(caller, `send/${roomId}/${eventType}`, txnId),
    });
    ephemeral.presence.noteActive(caller);
    return { event_id: sent.eventId };
  },
});
