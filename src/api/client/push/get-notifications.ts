// GET /_matrix/client/v3/notifications: what the caller was notified of.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { optionalInt, optionalText } from '../../../http/inbound/params.ts';
import type { Push } from '../../../push/push.ts';

export const getNotifications = endpoint({
  route: 'GET /_matrix/client/v3/notifications',
  also: ['GET /_matrix/client/r0/notifications'],
  spec: 'client-server-api/#get_matrixclientv3notifications',
  auth: 'user',
  limit: 'read',
  query: {
    from: optionalText,
    limit: optionalInt({ min: 1, max: 100, clamp: true, default: 20 }),
    only: optionalText,
  },
  async handle({ caller, query }, { push }: { push: Push }) {
    const question = { from: query.from, limit: query.limit, onlyHighlights: query.only === 'highlight' };
    return jsonText(await push.notifications(question, caller));
  },
});
