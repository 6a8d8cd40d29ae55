// GET /_matrix/client/v3/rooms/{roomId}/messages: pages through a room's timeline.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import { optionalPosition } from '../../../rooms/read/position-token.ts';
import type { RoomReads } from '../../../rooms/read/room-reads.ts';
import { arrayText, objectText, stringText } from './json-texts.ts';
import { filterParam, limitParam, optionalDirection } from './page-params.ts';
import { viewerOf } from './viewer.ts';

const LIMIT_DEFAULT = 10;

export const getMessages = endpoint({
  route: 'GET /_matrix/client/v3/rooms/{roomId}/messages',
  also: ['GET /_matrix/client/r0/rooms/{roomId}/messages'],
  spec: 'client-server-api/#get_matrixclientv3roomsroomidmessages',
  auth: 'guest',
  limit: 'read',
  params: { roomId: roomIdParam },
  query: {
    from: optionalPosition,
    to: optionalPosition,
    dir: optionalDirection,
    limit: limitParam(1),
    filter: filterParam,
  },
  async handle({ caller, params, query }, { roomReads }: { roomReads: RoomReads }) {
    const { from, to, dir, filter } = query;
    const limit = query.limit ?? filter?.limit ?? LIMIT_DEFAULT;
    const question = { from, to, backwards: dir === 'b', limit, filter };
    const page = await roomReads.messages(params.roomId, question, viewerOf(caller));
    return jsonText(
      objectText({
        start: stringText(page.start),
        end: stringText(page.end),
        chunk: arrayText(page.chunk),
        state: page.state && arrayText(page.state),
      }),
    );
  },
});
