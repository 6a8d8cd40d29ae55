// GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}: one state event, or its content alone.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { optionalEnum, optionalText, roomIdParam, text } from '../../../http/inbound/params.ts';
import type { RoomReads } from '../../../rooms/read/room-reads.ts';
import { viewerOf } from './viewer.ts';

const formatParam = optionalEnum('content', 'event');

export const getStateEvent = endpoint({
  route: 'GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}',
  also: [
    // "When an empty string, the trailing slash on this endpoint is optional."
    'GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}',
    'GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}/',
    'GET /_matrix/client/r0/rooms/{roomId}/state/{eventType}/{stateKey}',
    'GET /_matrix/client/r0/rooms/{roomId}/state/{eventType}',
    'GET /_matrix/client/r0/rooms/{roomId}/state/{eventType}/',
  ],
  spec: 'client-server-api/#get_matrixclientv3roomsroomidstateeventtypestatekey',
  auth: 'guest',
  limit: 'read',
  params: { roomId: roomIdParam, eventType: text, stateKey: optionalText },
  query: { format: formatParam },
  async handle({ caller, params, query }, { roomReads }: { roomReads: RoomReads }) {
    const { roomId, eventType, stateKey = '' } = params;
    const format = query.format ?? 'content';
    return jsonText(await roomReads.stateEvent(roomId, [eventType, stateKey], format, viewerOf(caller)));
  },
});
