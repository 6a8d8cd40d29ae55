// GET /_matrix/client/v1/rooms/{roomId}/hierarchy: the rooms below a space.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { optionalBool, optionalInt, optionalText, roomIdParam } from '../../../http/inbound/params.ts';
import type { RoomReads } from '../../../rooms/read/room-reads.ts';
import { arrayText, objectText, stringText } from '../room-reading/json-texts.ts';
import { limitParam } from '../room-reading/page-params.ts';

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 100;

const maxDepthParam = optionalInt({ min: 0 });

export const getHierarchy = endpoint({
  route: 'GET /_matrix/client/v1/rooms/{roomId}/hierarchy',
  also: ['GET /_matrix/client/unstable/org.matrix.msc2946/rooms/{roomId}/hierarchy'],
  spec: 'client-server-api/#get_matrixclientv1roomsroomidhierarchy',
  auth: 'user',
  limit: 'read',
  params: { roomId: roomIdParam },
  query: {
    suggested_only: optionalBool(),
    limit: limitParam(1),
    max_depth: maxDepthParam,
    from: optionalText,
  },
  async handle({ caller, params, query }, { roomReads }: { roomReads: RoomReads }) {
    const { suggested_only: suggestedOnly, max_depth: maxDepth, from } = query;
    const limit = Math.min(query.limit ?? LIMIT_DEFAULT, LIMIT_MAX);
    const page = await roomReads.hierarchy(params.roomId, { suggestedOnly, maxDepth, limit, from }, caller.user);
    return jsonText(objectText({ rooms: arrayText(page.rooms), next_batch: stringText(page.nextBatch) }));
  },
});
