// PUT /_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}: takes the content out of an event.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { eventIdParam, roomIdParam } from '../../../http/inbound/params.ts';
import type { Rooms } from '../../../rooms/rooms.ts';
import { checkSuspended } from '../sending/check-suspended.ts';
import { sendQuery, timestampOf, transactionOf, txnIdParam } from '../sending/send-query.ts';

export const redactEvent = endpoint({
  route: 'PUT /_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}',
  also: ['PUT /_matrix/client/r0/rooms/{roomId}/redact/{eventId}/{txnId}'],
  spec: 'client-server-api/#put_matrixclientv3roomsroomidredacteventidtxnid',
  auth: 'user',
  limit: 'message',
  params: { roomId: roomIdParam, eventId: eventIdParam, txnId: txnIdParam },
  query: sendQuery,
  body: 'object',
  async handle({ caller, params, query, body }, { rooms }: { rooms: Rooms }) {
    const { roomId, eventId, txnId } = params;
    await checkSuspended(caller, rooms, roomId, eventId);
    const sent = await rooms.send(roomId, {
      type: 'm.room.redaction',
      sender: caller.userId,
      content: body,
      redacts: eventId,
      originServerTs: timestampOf(caller, query.ts),
      transaction: transactionOf(caller, `redact/${roomId}/${eventId}`, txnId),
    });
    return { event_id: sent.eventId };
  },
});
