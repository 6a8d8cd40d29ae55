// GET /_matrix/client/v1/rooms/{roomId}/relations/{eventId}, also by relation type and by event type.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { eventIdParam, optionalBool, optionalText, roomIdParam } from '../../../http/inbound/params.ts';
import { RECURSION_DEPTH } from '../../../rooms/read/list-relations.ts';
import { optionalPosition } from '../../../rooms/read/position-token.ts';
import type { RoomReads } from '../../../rooms/read/room-reads.ts';
import { arrayText, objectText, stringText } from '../room-reading/json-texts.ts';
import { limitParam, optionalDirection } from '../room-reading/page-params.ts';
import { viewerOf } from '../room-reading/viewer.ts';

const LIMIT_DEFAULT = 5;
const LIMIT_MAX = 100;

export const getRelations = endpoint({
  route: 'GET /_matrix/client/v1/rooms/{roomId}/relations/{eventId}/{relType}/{eventType}',
  also: [
    'GET /_matrix/client/v1/rooms/{roomId}/relations/{eventId}',
    'GET /_matrix/client/v1/rooms/{roomId}/relations/{eventId}/{relType}',
    'GET /_matrix/client/unstable/rooms/{roomId}/relations/{eventId}',
    'GET /_matrix/client/unstable/rooms/{roomId}/relations/{eventId}/{relType}',
    'GET /_matrix/client/unstable/rooms/{roomId}/relations/{eventId}/{relType}/{eventType}',
  ],
  spec: 'client-server-api/#get_matrixclientv1roomsroomidrelationseventidreltypeeventtype',
  auth: 'user',
  limit: 'read',
  params: { roomId: roomIdParam, eventId: eventIdParam, relType: optionalText, eventType: optionalText },
  query: {
    from: optionalPosition,
    to: optionalPosition,
    dir: optionalDirection,
    limit: limitParam(1),
    recurse: optionalBool(),
  },
  async handle({ caller, params, query }, { roomReads }: { roomReads: RoomReads }) {
    const { roomId, eventId, relType, eventType } = params;
    const { from, to, dir, recurse } = query;
    const limit = Math.min(query.limit ?? LIMIT_DEFAULT, LIMIT_MAX);
    const question = { relType, eventType, from, to, backwards: dir !== 'f', limit, recurse };
    const page = await roomReads.relations(roomId, eventId, question, viewerOf(caller));
    return jsonText(
      objectText({
        chunk: arrayText(page.chunk),
        next_batch: stringText(page.nextBatch),
        prev_batch: stringText(page.prevBatch),
        recursion_depth: recurse ? String(RECURSION_DEPTH) : undefined,
      }),
    );
  },
});
