// GET /_matrix/client/v3/rooms/{roomId}/state: every state event of a room.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import type { RoomReads } from '../../../rooms/read/room-reads.ts';
import { arrayText } from './json-texts.ts';
import { viewerOf } from './viewer.ts';

export const getState = endpoint({
  route: 'GET /_matrix/client/v3/rooms/{roomId}/state',
  also: ['GET /_matrix/client/r0/rooms/{roomId}/state'],
  spec: 'client-server-api/#get_matrixclientv3roomsroomidstate',
  auth: 'guest',
  limit: 'read',
  params: { roomId: roomIdParam },
  async handle({ caller, params }, { roomReads }: { roomReads: RoomReads }) {
    return jsonText(arrayText(await roomReads.state(params.roomId, viewerOf(caller))));
  },
});
