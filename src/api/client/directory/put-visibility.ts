// PUT /_matrix/client/v3/directory/list/room/{roomId}: publishes a room, or takes it back.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';
import type { RoomDirectory } from '../../../rooms/directory/room-directory.ts';

export const putVisibility = endpoint({
  route: 'PUT /_matrix/client/v3/directory/list/room/{roomId}',
  also: ['PUT /_matrix/client/r0/directory/list/room/{roomId}'],
  spec: 'client-server-api/#put_matrixclientv3directorylistroomroomid',
  auth: 'user',
  limit: 'create',
  refusesSuspended: true,
  params: { roomId: roomIdParam },
  body: Type.Object({ visibility: Type.Optional(Type.Union([Type.Literal('public'), Type.Literal('private')])) }),
  async handle({ caller, params, body }, { roomDirectory }: { roomDirectory: RoomDirectory }) {
    // "Defaults to public."
    await roomDirectory.setPublished(caller, params.roomId, body.visibility !== 'private');
    return {};
  },
});
