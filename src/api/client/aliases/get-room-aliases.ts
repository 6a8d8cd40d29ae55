// GET /_matrix/client/v3/rooms/{roomId}/aliases: this server's aliases of a room.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import type { RoomDirectory } from '../../../rooms/directory/room-directory.ts';

export const getRoomAliases = endpoint({
  route: 'GET /_matrix/client/v3/rooms/{roomId}/aliases',
  also: [
    'GET /_matrix/client/r0/rooms/{roomId}/aliases',
    'GET /_matrix/client/unstable/org.matrix.msc2432/rooms/{roomId}/aliases',
  ],
  spec: 'client-server-api/#get_matrixclientv3roomsroomidaliases',
  auth: 'user',
  limit: 'read',
  params: { roomId: roomIdParam },
  async handle({ caller, params }, { roomDirectory }: { roomDirectory: RoomDirectory }) {
    return { aliases: await roomDirectory.aliasesOf(caller.userId, params.roomId) };
  },
});
