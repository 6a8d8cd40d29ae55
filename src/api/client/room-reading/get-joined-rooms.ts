// GET /_matrix/client/v3/joined_rooms: the rooms the caller is in.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import type { RoomReads } from '../../../rooms/read/room-reads.ts';
import { viewerOf } from './viewer.ts';

export const getJoinedRooms = endpoint({
  route: 'GET /_matrix/client/v3/joined_rooms',
  also: ['GET /_matrix/client/r0/joined_rooms'],
  spec: 'client-server-api/#get_matrixclientv3joined_rooms',
  auth: 'user',
  limit: 'read',
  async handle({ caller }, { roomReads }: { roomReads: RoomReads }) {
    return { joined_rooms: await roomReads.joinedRooms(viewerOf(caller)) };
  },
});
