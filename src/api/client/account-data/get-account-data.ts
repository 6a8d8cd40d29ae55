// GET /_matrix/client/v3/user/{userId}/account_data/{type}, global or of one room.

import type { Accounts } from '../../../accounts/accounts.ts';
import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { roomIdParam, text, userIdParam } from '../../../http/inbound/params.ts';
import type { Push } from '../../../push/push.ts';
import { checkOwnUser } from './own-user.ts';

export const getAccountData = endpoint({
  route: 'GET /_matrix/client/v3/user/{userId}/account_data/{type}',
  also: ['GET /_matrix/client/r0/user/{userId}/account_data/{type}'],
  spec: 'client-server-api/#get_matrixclientv3useruseridaccount_datatype',
  auth: 'user',
  limit: 'read',
  params: { userId: userIdParam, type: text },
  async handle({ caller, params }, { accounts, push }: { accounts: Accounts; push: Push }) {
    checkOwnUser(caller, params.userId);
    // Everybody has push rules, also those who have stored none.
    if (params.type === 'm.push_rules') return jsonText(await push.rules.contentText(caller));
    return jsonText(await accounts.accountData(caller.user, undefined, params.type));
  },
});

export const getRoomAccountData = endpoint({
  route: 'GET /_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}',
  also: ['GET /_matrix/client/r0/user/{userId}/rooms/{roomId}/account_data/{type}'],
  spec: 'client-server-api/#get_matrixclientv3useruseridroomsroomidaccount_datatype',
  auth: 'user',
  limit: 'read',
  params: { userId: userIdParam, roomId: roomIdParam, type: text },
  async handle({ caller, params }, { accounts }: { accounts: Accounts }) {
    checkOwnUser(caller, params.userId);
    return jsonText(await accounts.accountData(caller.user, params.roomId, params.type));
  },
});
