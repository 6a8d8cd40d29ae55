// POST /_matrix/client/v3/rooms/{roomId}/read_markers: moves the fully read marker and receipts at once.

import type { Ephemeral } from '../../../ephemeral/ephemeral.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';

export const postReadMarkers = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/read_markers',
  also: ['POST /_matrix/client/r0/rooms/{roomId}/read_markers'],
  spec: 'client-server-api/#post_matrixclientv3roomsroomidread_markers',
  auth: 'user',
  limit: 'message',
  params: { roomId: roomIdParam },
  body: Type.Object({
    'm.fully_read': Type.Optional(Type.String()),
    'm.read': Type.Optional(Type.String()),
    'm.read.private': Type.Optional(Type.String()),
  }),
  async handle({ caller, params, body }, { ephemeral }: { ephemeral: Ephemeral }) {
    const receipts = (['m.read', 'm.read.private'] as const).flatMap((type) => {
      const eventId = body[type];
      return eventId === undefined ? [] : [{ type, eventId, threadId: undefined }];
    });
    await ephemeral.receipts.mark(caller, params.roomId, receipts, body['m.fully_read']);
    ephemeral.presence.noteActive(caller);
    return {};
  },
});
