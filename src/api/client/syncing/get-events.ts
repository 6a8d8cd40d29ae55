// GET /_matrix/client/v3/events: the event stream of old clients, or with room_id of one room.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { optionalInt, roomIdParam } from '../../../http/inbound/params.ts';
import type { RoomId } from '../../../protocol/ids/branded.ts';
import { optionalPosition } from '../../../rooms/read/position-token.ts';
import type { Sync } from '../../../sync/sync.ts';
import { arrayText, objectText, stringText } from '../room-reading/json-texts.ts';
import { viewerOf } from '../room-reading/viewer.ts';

const TIMEOUT_MS_MAX = 120_000;
const timeout = optionalInt({ min: 0, max: TIMEOUT_MS_MAX, clamp: true, default: 0 });

const roomId = (value: string | undefined, name: string): RoomId | undefined =>
  value === undefined ? undefined : roomIdParam(value, name);

export const getEvents = endpoint({
  route: 'GET /_matrix/client/v3/events',
  also: ['GET /_matrix/client/r0/events'],
  spec: 'client-server-api/#get_matrixclientv3events',
  auth: 'guest',
  limit: 'read',
  query: { from: optionalPosition, timeout, room_id: roomId },
  async handle({ caller, query, signal }, { sync }: { sync: Sync }) {
    const { start, end, chunk } = await sync.events({
      viewer: viewerOf(caller),
      from: query.from,
      roomId: query.room_id,
      timeoutMs: query.timeout,
      signal,
    });
    return jsonText(objectText({ start: stringText(start), end: stringText(end), chunk: arrayText(chunk) }));
  },
});
