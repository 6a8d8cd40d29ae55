// POST /_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}: moves a receipt or the fully read marker.

import type { Ephemeral } from '../../../ephemeral/ephemeral.ts';
import { checkThreadId } from '../../../ephemeral/thread-of-receipt.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { enumOf, roomIdParam, text } from '../../../http/inbound/params.ts';
import { invalidParam } from '../../../protocol/errors/matrix-error.ts';

const receiptType = enumOf('m.read', 'm.read.private', 'm.fully_read');

export const postReceipt = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}',
  also: ['POST /_matrix/client/r0/rooms/{roomId}/receipt/{receiptType}/{eventId}'],
  spec: 'client-server-api/#post_matrixclientv3roomsroomidreceiptreceipttypeeventid',
  auth: 'user',
  limit: 'message',
  params: { roomId: roomIdParam, receiptType, eventId: text },
  body: 'object',
  async handle({ caller, params, body }, { ephemeral }: { ephemeral: Ephemeral }) {
    const { roomId, receiptType: type, eventId } = params;
    const threadId = body.thread_id === undefined ? undefined : checkThreadId(body.thread_id);
    if (type === 'm.fully_read') {
      // "It is provided for an incompatible receipt type."
      if (threadId !== undefined) throw invalidParam('m.fully_read knows no threads.');
      await ephemeral.receipts.mark(caller, roomId, [], eventId);
    } else {
      await ephemeral.receipts.mark(caller, roomId, [{ type, eventId, threadId }]);
    }
    ephemeral.presence.noteActive(caller);
    return {};
  },
});
