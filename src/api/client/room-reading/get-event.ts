// GET /_matrix/client/v3/rooms/{roomId}/event/{eventId}: one event.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { eventIdParam, roomIdParam } from '../../../http/inbound/params.ts';
import type { RoomReads } from '../../../rooms/read/room-reads.ts';
import { viewerOf } from './viewer.ts';

export const getEvent = endpoint({
  route: 'GET /_matrix/client/v3/rooms/{roomId}/event/{eventId}',
  also: ['GET /_matrix/client/r0/rooms/{roomId}/event/{eventId}'],
  spec: 'client-server-api/#get_matrixclientv3roomsroomideventeventid',
  auth: 'guest',
  limit: 'read',
  params: { roomId: roomIdParam, eventId: eventIdParam },
  async handle({ caller, params }, { roomReads }: { roomReads: RoomReads }) {
    return jsonText(await roomReads.event(params.roomId, params.eventId, viewerOf(caller)));
  },
});
