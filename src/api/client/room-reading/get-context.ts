// GET /_matrix/client/v3/rooms/{roomId}/context/{eventId}: an event with what stands around it.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { eventIdParam, roomIdParam } from '../../../http/inbound/params.ts';
import type { RoomReads } from '../../../rooms/read/room-reads.ts';
import { arrayText, objectText, stringText } from './json-texts.ts';
import { filterParam, limitParam } from './page-params.ts';
import { viewerOf } from './viewer.ts';

const LIMIT_DEFAULT = 10;

export const getContext = endpoint({
  route: 'GET /_matrix/client/v3/rooms/{roomId}/context/{eventId}',
  also: ['GET /_matrix/client/r0/rooms/{roomId}/context/{eventId}'],
  spec: 'client-server-api/#get_matrixclientv3roomsroomidcontexteventid',
  auth: 'guest',
  limit: 'read',
  params: { roomId: roomIdParam, eventId: eventIdParam },
  query: { limit: limitParam(0), filter: filterParam },
  async handle({ caller, params, query }, { roomReads }: { roomReads: RoomReads }) {
    const { filter } = query;
    const question = { limit: query.limit ?? filter?.limit ?? LIMIT_DEFAULT, filter };
    const context = await roomReads.context(params.roomId, params.eventId, question, viewerOf(caller));
    return jsonText(
      objectText({
        start: stringText(context.start),
        end: stringText(context.end),
        events_before: arrayText(context.before),
        event: context.event,
        events_after: arrayText(context.after),
        state: arrayText(context.state),
      }),
    );
  },
});
