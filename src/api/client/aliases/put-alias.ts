// PUT /_matrix/client/v3/directory/room/{roomAlias}: gives a room an alias of this server.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { aliasParam, roomIdParam } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';
import type { RoomDirectory } from '../../../rooms/directory/room-directory.ts';

export const putAlias = endpoint({
  route: 'PUT /_matrix/client/v3/directory/room/{roomAlias}',
  also: ['PUT /_matrix/client/r0/directory/room/{roomAlias}'],
  spec: 'client-server-api/#put_matrixclientv3directoryroomroomalias',
  auth: 'user',
  limit: 'create',
  refusesSuspended: true,
  params: { roomAlias: aliasParam },
  body: Type.Object({ room_id: Type.String() }),
  async handle({ caller, params, body }, { roomDirectory }: { roomDirectory: RoomDirectory }) {
    await roomDirectory.createAlias(caller, params.roomAlias, roomIdParam(body.room_id, 'room_id'));
    return {};
  },
});
