// GET /_matrix/client/v3/publicRooms: the published rooms.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { optionalInt, optionalServerName, optionalText } from '../../../http/inbound/params.ts';
import { type DirectoryParts, PAGE_DEFAULT, PAGE_MAX, publishedRooms } from './published-rooms.ts';

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
  handle: ({ query: { server, ...question } }, parts: DirectoryParts) => publishedRooms(server, question, parts),
});
