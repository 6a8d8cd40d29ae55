// GET, PUT and DELETE /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags: the caller's tags of a room.

import type { Accounts } from '../../../accounts/accounts.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam, text, userIdParam } from '../../../http/inbound/params.ts';
import { checkOwnUser } from './own-user.ts';

export const getTags = endpoint({
  route: 'GET /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags',
  also: ['GET /_matrix/client/r0/user/{userId}/rooms/{roomId}/tags'],
  spec: 'client-server-api/#get_matrixclientv3useruseridroomsroomidtags',
  auth: 'user',
  limit: 'read',
  params: { userId: userIdParam, roomId: roomIdParam },
  async handle({ caller, params }, { accounts }: { accounts: Accounts }) {
    checkOwnUser(caller, params.userId);
    return { tags: await accounts.tags(caller.user, params.roomId) };
  },
});

export const putTag = endpoint({
  route: 'PUT /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}',
  also: ['PUT /_matrix/client/r0/user/{userId}/rooms/{roomId}/tags/{tag}'],
  spec: 'client-server-api/#put_matrixclientv3useruseridroomsroomidtagstag',
  auth: 'user',
  limit: 'account',
  params: { userId: userIdParam, roomId: roomIdParam, tag: text },
  body: 'object',
  async handle({ caller, params, body }, { accounts }: { accounts: Accounts }) {
    checkOwnUser(caller, params.userId);
    await accounts.putTag(caller.user, params.roomId, params.tag, body);
    return {};
  },
});

export const deleteTag = endpoint({
  route: 'DELETE /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}',
  also: ['DELETE /_matrix/client/r0/user/{userId}/rooms/{roomId}/tags/{tag}'],
  spec: 'client-server-api/#delete_matrixclientv3useruseridroomsroomidtagstag',
  auth: 'user',
  limit: 'account',
  params: { userId: userIdParam, roomId: roomIdParam, tag: text },
  async handle({ caller, params }, { accounts }: { accounts: Accounts }) {
    checkOwnUser(caller, params.userId);
    await accounts.deleteTag(caller.user, params.roomId, params.tag);
    return {};
  },
});
