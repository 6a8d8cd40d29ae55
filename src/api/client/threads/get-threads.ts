// GET /_matrix/client/v1/rooms/{roomId}/threads: the threads of a room.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { optionalEnum, roomIdParam } from '../../../http/inbound/params.ts';
import { optionalPosition } from '../../../rooms/read/position-token.ts';
import type { RoomReads } from '../../../rooms/read/room-reads.ts';
import { arrayText, objectText, stringText } from '../room-reading/json-texts.ts';
import { limitParam } from '../room-reading/page-params.ts';
import { viewerOf } from '../room-reading/viewer.ts';

const includeParam = optionalEnum('all', 'participated');

const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 100;

export const getThreads = endpoint({
  route: 'GET /_matrix/client/v1/rooms/{roomId}/threads',
  also: ['GET /_matrix/client/unstable/org.matrix.msc3856/rooms/{roomId}/threads'],
  spec: 'client-server-api/#get_matrixclientv1roomsroomidthreads',
  auth: 'user',
  limit: 'read',
  params: { roomId: roomIdParam },
  query: { include: includeParam, limit: limitParam(1), from: optionalPosition },
  async handle({ caller, params, query }, { roomReads }: { roomReads: RoomReads }) {
    const { include, from } = query;
    const limit = Math.min(query.limit ?? LIMIT_DEFAULT, LIMIT_MAX);
    const question = { participated: include === 'participated', from, limit };
    const page = await roomReads.threads(params.roomId, question, viewerOf(caller));
    return jsonText(objectText({ chunk: arrayText(page.chunk), next_batch: stringText(page.nextBatch) }));
  },
});
