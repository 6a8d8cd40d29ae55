// GET /_matrix/client/v3/directory/list/room/{roomId}: whether a room is published.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import type { RoomDirectory } from '../../../rooms/directory/room-directory.ts';

export const getVisibility = endpoint({
  route: 'GET /_matrix/client/v3/directory/list/room/{roomId}',
  also: ['GET /_matrix/client/r0/directory/list/room/{roomId}'],
  spec: 'client-server-api/#get_matrixclientv3directorylistroomroomid',
  auth: 'none',
  limit: 'read',
  params: { roomId: roomIdParam },
  async handle({ params }, { roomDirectory }: { roomDirectory: RoomDirectory }) {
    return { visibility: (await roomDirectory.isPublished(params.roomId)) ? 'public' : 'private' };
  },
});
