// POST /_matrix/client/v3/search: finds events by their words.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { optionalText } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';
import type { RoomReads } from '../../../rooms/read/room-reads.ts';
import { viewerOf } from '../room-reading/viewer.ts';
import { searchAnswerText } from './search-answer-text.ts';
import { roomEventsSchema, searchQuestion } from './search-question.ts';

export const search = endpoint({
  route: 'POST /_matrix/client/v3/search',
  also: ['POST /_matrix/client/r0/search'],
  spec: 'client-server-api/#post_matrixclientv3search',
  auth: 'user',
  limit: 'read',
  query: { next_batch: optionalText },
  body: Type.Object({ search_categories: Type.Object({ room_events: Type.Optional(roomEventsSchema) }) }),
  async handle({ caller, query, body }, { roomReads }: { roomReads: RoomReads }) {
    const { room_events: roomEvents } = body.search_categories;
    if (!roomEvents) return { search_categories: {} };
    const answer = await roomReads.search(searchQuestion(roomEvents, query.next_batch), viewerOf(caller));
    return jsonText(`{"search_categories":{"room_events":${searchAnswerText(answer)}}}`);
  },
});
