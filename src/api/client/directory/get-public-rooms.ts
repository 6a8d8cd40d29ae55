// GET /_matrix/client/v3/publicRooms: the published rooms.

import type { Config } from '../../../config/schema.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { optionalInt, optionalServerName, optionalText } from '../../../http/inbound/params.ts';
import type { RoomDirectory } from '../../../rooms/directory/room-directory.ts';
import { checkServer, PAGE_DEFAULT, PAGE_MAX } from './check-server.ts';

export const getPublicRooms = endpoint({
  route: 'GET /_matrix/client/v3/publicRooms',
  also: ['GET /_matrix/client/r0/publicRooms'],
  spec: 'client-server-api/#get_matrixclientv3publicrooms',
  auth: 'none',
  limit: 'read',
  query: {
    limit: optionalInt({ min: 1, max: PAGE_MAX, clamp: true, default: PAGE_DEFAULT }),
    since: optionalText,
    server: optionalServerName,
  },
  handle({ query }, { roomDirectory, config }: { roomDirectory: RoomDirectory; config: Pick<Config, 'serverName'> }) {
    checkServer(query.server, config.serverName);
    return roomDirectory.publicRooms({ limit: query.limit, since: query.since });
  },
});
