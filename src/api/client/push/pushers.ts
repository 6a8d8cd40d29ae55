// GET /_matrix/client/v3/pushers and POST /_matrix/client/v3/pushers/set.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import type { Push } from '../../../push/push.ts';
import { parsePusher } from '../../../push/pusher-body.ts';

export const getPushers = endpoint({
  route: 'GET /_matrix/client/v3/pushers',
  also: ['GET /_matrix/client/r0/pushers'],
  spec: 'client-server-api/#get_matrixclientv3pushers',
  auth: 'user',
  limit: 'read',
  async handle({ caller }, { push }: { push: Push }) {
    return { pushers: await push.pushers.pushersOf(caller.user) };
  },
});

export const setPusher = endpoint({
  route: 'POST /_matrix/client/v3/pushers/set',
  also: ['POST /_matrix/client/r0/pushers/set'],
  spec: 'client-server-api/#post_matrixclientv3pushersset',
  auth: 'user',
  limit: 'account',
  body: 'object',
  async handle({ caller, body }, { push }: { push: Push }) {
    await push.pushers.setPusher(caller, parsePusher(body));
    return {};
  },
});
