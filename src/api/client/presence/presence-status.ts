// GET and PUT /_matrix/client/v3/presence/{userId}/status.

import type { Ephemeral } from '../../../ephemeral/ephemeral.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { userIdParam } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';
import { forbidden, invalidParam } from '../../../protocol/errors/matrix-error.ts';

const STATUS_LENGTH_MAX = 1024;

export const getPresence = endpoint({
  route: 'GET /_matrix/client/v3/presence/{userId}/status',
  also: ['GET /_matrix/client/r0/presence/{userId}/status'],
  spec: 'client-server-api/#get_matrixclientv3presenceuseridstatus',
  auth: 'user',
  limit: 'read',
  params: { userId: userIdParam },
  handle: ({ caller, params }, { ephemeral }: { ephemeral: Ephemeral }) =>
    ephemeral.presence.presenceOf(caller.user, params.userId),
});

export const putPresence = endpoint({
  route: 'PUT /_matrix/client/v3/presence/{userId}/status',
  also: ['PUT /_matrix/client/r0/presence/{userId}/status'],
  spec: 'client-server-api/#put_matrixclientv3presenceuseridstatus',
  auth: 'user',
  limit: 'message',
  params: { userId: userIdParam },
  body: Type.Object({
    presence: Type.Union([Type.Literal('online'), Type.Literal('unavailable'), Type.Literal('offline')]),
    status_msg: Type.Optional(Type.String()),
  }),
  async handle({ caller, params, body }, { ephemeral }: { ephemeral: Ephemeral }) {
    // "You cannot set the presence state of another user."
    if (params.userId !== caller.userId) throw forbidden("Another user's presence cannot be set.");
    const statusMsg = body.status_msg === '' ? undefined : body.status_msg;
    if ((statusMsg?.length ?? 0) > STATUS_LENGTH_MAX) throw invalidParam('status_msg may have 1024 characters.');
    ephemeral.presence.set(caller, body.presence, statusMsg);
    return {};
  },
});
