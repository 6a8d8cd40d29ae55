// DELETE /_matrix/client/v3/directory/room/{roomAlias}: takes an alias away.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { aliasParam } from '../../../http/inbound/params.ts';
import type { RoomDirectory } from '../../../rooms/directory/room-directory.ts';

export const deleteAlias = endpoint({
  route: 'DELETE /_matrix/client/v3/directory/room/{roomAlias}',
  also: ['DELETE /_matrix/client/r0/directory/room/{roomAlias}'],
  spec: 'client-server-api/#delete_matrixclientv3directoryroomroomalias',
  auth: 'user',
  limit: 'create',
  refusesSuspended: true,
  params: { roomAlias: aliasParam },
  async handle({ caller, params }, { roomDirectory }: { roomDirectory: RoomDirectory }) {
    await roomDirectory.deleteAlias(caller, params.roomAlias);
    return {};
  },
});
