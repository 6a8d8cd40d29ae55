// PUT /_matrix/client/v3/rooms/{roomId}/typing/{userId}: the caller types, or stops.

import type { Ephemeral } from '../../../ephemeral/ephemeral.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam, userIdParam } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';
import { forbidden } from '../../../protocol/errors/matrix-error.ts';

export const putTyping = endpoint({
  route: 'PUT /_matrix/client/v3/rooms/{roomId}/typing/{userId}',
  also: ['PUT /_matrix/client/r0/rooms/{roomId}/typing/{userId}'],
  spec: 'client-server-api/#put_matrixclientv3roomsroomidtypinguserid',
  auth: 'user',
  limit: 'message',
  params: { roomId: roomIdParam, userId: userIdParam },
  body: Type.Object({ typing: Type.Boolean(), timeout: Type.Optional(Type.Integer()) }),
  async handle({ caller, params, body }, { ephemeral }: { ephemeral: Ephemeral }) {
    if (params.userId !== caller.userId) throw forbidden("Another user's typing cannot be set.");
    await ephemeral.typing.setTyping(caller, params.roomId, body.typing, body.timeout);
    if (body.typing) ephemeral.presence.noteActive(caller);
    return {};
  },
});
