// GET /_matrix/client/v1/rooms/{roomId}/timestamp_to_event: the event nearest to a moment.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { int, roomIdParam } from '../../../http/inbound/params.ts';
import type { RoomReads } from '../../../rooms/read/room-reads.ts';
import { directionParam } from './page-params.ts';
import { viewerOf } from './viewer.ts';

export const getEventNearTime = endpoint({
  route: 'GET /_matrix/client/v1/rooms/{roomId}/timestamp_to_event',
  also: ['GET /_matrix/client/unstable/org.matrix.msc3030/rooms/{roomId}/timestamp_to_event'],
  spec: 'client-server-api/#get_matrixclientv1roomsroomidtimestamp_to_event',
  auth: 'user',
  limit: 'read',
  params: { roomId: roomIdParam },
  query: { ts: int(), dir: directionParam },
  async handle({ caller, params, query }, { roomReads }: { roomReads: RoomReads }) {
    const question = { timestamp: query.ts, forwards: query.dir === 'f' };
    return roomReads.eventNearTime(params.roomId, question, viewerOf(caller));
  },
});
