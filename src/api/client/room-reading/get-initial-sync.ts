// GET /_matrix/client/v3/rooms/{roomId}/initialSync: a room's state and latest events at once.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import type { RoomReads } from '../../../rooms/read/room-reads.ts';
import { arrayText, objectText, stringText } from './json-texts.ts';
import { viewerOf } from './viewer.ts';

const MESSAGES = 10;

export const getInitialSync = endpoint({
  route: 'GET /_matrix/client/v3/rooms/{roomId}/initialSync',
  also: ['GET /_matrix/client/r0/rooms/{roomId}/initialSync'],
  spec: 'client-server-api/#get_matrixclientv3roomsroomidinitialsync',
  auth: 'guest',
  limit: 'read',
  params: { roomId: roomIdParam },
  async handle({ caller, params }, { roomReads }: { roomReads: RoomReads }) {
    const room = await roomReads.initialSync(params.roomId, MESSAGES, viewerOf(caller));
    const { start, end, messages } = room;
    return jsonText(
      objectText({
        room_id: stringText(params.roomId),
        membership: stringText(room.membership),
        messages: objectText({ start: stringText(start), end: stringText(end), chunk: arrayText(messages) }),
        state: arrayText(room.state),
        account_data: arrayText(room.accountData),
        visibility: stringText(room.isPublished ? 'public' : 'private'),
      }),
    );
  },
});
