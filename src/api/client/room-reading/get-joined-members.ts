// GET /_matrix/client/v3/rooms/{roomId}/joined_members: who is in a room, with their profiles.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import type { RoomReads } from '../../../rooms/read/room-reads.ts';
import { viewerOf } from './viewer.ts';

export const getJoinedMembers = endpoint({
  route: 'GET /_matrix/client/v3/rooms/{roomId}/joined_members',
  also: ['GET /_matrix/client/r0/rooms/{roomId}/joined_members'],
  spec: 'client-server-api/#get_matrixclientv3roomsroomidjoined_members',
  auth: 'user',
  limit: 'read',
  params: { roomId: roomIdParam },
  async handle({ caller, params }, { roomReads }: { roomReads: RoomReads }) {
    return jsonText(joined(await roomReads.joinedMembers(params.roomId, viewerOf(caller))));
  },
});

async function* joined(members: AsyncIterable<string>): AsyncIterable<string> {
  yield '{"joined":';
  yield* members;
  yield '}';
}
