// POST /_kintsugi/admin/v1/users/{userId}/notices and /_kintsugi/admin/v1/notices: the server's operators tell one user, or
// every user, something. For administrators.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { userIdParam } from '../../../http/inbound/params.ts';
import { type Static, Type } from '../../../lib/json-schema.ts';
import type { Membership } from '../../../membership/membership.ts';
import { missingParam } from '../../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../../protocol/events/json.ts';

const spec = 'kintsugi/operators/#server-notices';

/** `body`: a text; `content`: a whole content of m.room.message in its place. */
const notice = Type.Object({
  body: Type.Optional(Type.String()),
  content: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

const contentOf = ({ body, content }: Static<typeof notice>): JsonObject => {
  if (content !== undefined) return content as JsonObject;
  if (body === undefined) throw missingParam('Missing from the body: body, or content.');
  return { msgtype: 'm.text', body };
};

export const sendNotice = endpoint({
  route: 'POST /_kintsugi/admin/v1/users/{userId}/notices',
  spec,
  auth: 'admin',
  limit: 'none',
  params: { userId: userIdParam },
  body: notice,
  async handle({ params, body }, { membership }: { membership: Membership }) {
    const { roomId, eventId } = await membership.notices.sendNotice(params.userId, contentOf(body));
    return { room_id: roomId, event_id: eventId };
  },
});

export const sendNoticeToAll = endpoint({
  route: 'POST /_kintsugi/admin/v1/notices',
  spec,
  auth: 'admin',
  limit: 'none',
  body: notice,
  handle: ({ body }, { membership }: { membership: Membership }) => membership.notices.sendNoticeToAll(contentOf(body)),
});
