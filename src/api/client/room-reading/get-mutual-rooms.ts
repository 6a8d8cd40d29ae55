// GET /_matrix/client/v1/mutual_rooms: the rooms that the caller shares with another user.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { optionalText, userIdParam } from '../../../http/inbound/params.ts';
import type { RoomReads } from '../../../rooms/read/room-reads.ts';
import { viewerOf } from './viewer.ts';

export const getMutualRooms = endpoint({
  route: 'GET /_matrix/client/v1/mutual_rooms',
  also: ['GET /_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms'],
  spec: 'client-server-api/#get_matrixclientv1mutual_rooms',
  auth: 'user',
  limit: 'read',
  query: { user_id: userIdParam, from: optionalText },
  async handle({ caller, query }, { roomReads }: { roomReads: RoomReads }) {
    return roomReads.mutualRooms(query.user_id, query.from, viewerOf(caller));
  },
});
