// POST /_matrix/federation/v1/get_missing_events/{roomId}: what lies between two ends of a gap.

import type { Federation } from '../../../federation/federation.ts';
import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';
import { isEventId } from '../../../protocol/ids/event-id.ts';

const LIMIT_DEFAULT = 10;
/** Ends that are walked from. */
const LATEST_MAX = 100;

export const getMissingEvents = endpoint({
  route: 'POST /_matrix/federation/v1/get_missing_events/{roomId}',
  spec: 'server-server-api/#post_matrixfederationv1get_missing_eventsroomid',
  auth: 'server',
  limit: 'none',
  params: { roomId: roomIdParam },
  body: Type.Object({
    earliest_events: Type.Array(Type.String()),
    latest_events: Type.Array(Type.String()),
    limit: Type.Optional(Type.Integer()),
    min_depth: Type.Optional(Type.Integer()),
  }),
  async handle({ caller, params, body }, { federation }: { federation: Pick<Federation, 'serving'> }) {
    const events = await federation.serving.missingEvents(caller.serverName, params.roomId, {
      earliest: body.earliest_events.filter((id) => isEventId(id)),
      latest: body.latest_events.filter((id) => isEventId(id)).slice(0, LATEST_MAX),
      limit: Math.max(0, body.limit ?? LIMIT_DEFAULT),
      minDepth: body.min_depth ?? 0,
    });
    return jsonText(`{"events":[${events.join(',')}]}`);
  },
});
