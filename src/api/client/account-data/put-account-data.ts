// PUT /_matrix/client/v3/user/{userId}/account_data/{type}, global or of one room.

import type { Accounts } from '../../../accounts/accounts.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam, text, userIdParam } from '../../../http/inbound/params.ts';
import { checkOwnUser } from './own-user.ts';

export const putAccountData = endpoint({
  route: 'PUT /_matrix/client/v3/user/{userId}/account_data/{type}',
  also: ['PUT /_matrix/client/r0/user/{userId}/account_data/{type}'],
  spec: 'client-server-api/#put_matrixclientv3useruseridaccount_datatype',
  auth: 'user',
  limit: 'account',
  params: { userId: userIdParam, type: text },
  body: 'object',
  async handle({ caller, params, body }, { accounts }: { accounts: Accounts }) {
    checkOwnUser(caller, params.userId);
    await accounts.putAccountData(caller.user, undefined, params.type, body);
    return {};
  },
});

export const putRoomAccountData = endpoint({
  route: 'PUT /_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}',
  also: ['PUT /_matrix/client/r0/user/{userId}/rooms/{roomId}/account_data/{type}'],
  spec: 'client-server-api/#put_matrixclientv3useruseridroomsroomidaccount_datatype',
  auth: 'user',
  limit: 'account',
  params: { userId: userIdParam, roomId: roomIdParam, type: text },
  body: 'object',
  async handle({ caller, params, body }, { accounts }: { accounts: Accounts }) {
    checkOwnUser(caller, params.userId);
    await accounts.putAccountData(caller.user, params.roomId, params.type, body);
    return {};
  },
});
