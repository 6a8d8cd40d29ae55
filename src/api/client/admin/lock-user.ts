// GET and PUT /_matrix/client/v1/admin/lock/{userId}: locks an account, or unlocks it. Client-Server API, "Account locking".

import type { Accounts } from '../../../accounts/accounts.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { userIdParam } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';

export const getLock = endpoint({
  route: 'GET /_matrix/client/v1/admin/lock/{userId}',
  also: ['GET /_matrix/client/unstable/uk.timedout.msc4323/admin/lock/{userId}'],
  spec: 'client-server-api/#get_matrixclientv1adminlockuserid',
  auth: 'admin',
  limit: 'read',
  params: { userId: userIdParam },
  async handle({ params }, { accounts }: { accounts: Accounts }) {
    return { locked: (await accounts.moderatedAccount(params.userId)).isLocked === 1 };
  },
});

export const putLock = endpoint({
  route: 'PUT /_matrix/client/v1/admin/lock/{userId}',
  also: ['PUT /_matrix/client/unstable/uk.timedout.msc4323/admin/lock/{userId}'],
  spec: 'client-server-api/#put_matrixclientv1adminlockuserid',
  auth: 'admin',
  limit: 'account',
  params: { userId: userIdParam },
  body: Type.Object({ locked: Type.Boolean() }),
  async handle({ params, body }, { accounts }: { accounts: Accounts }) {
    const { user } = await accounts.moderatedAccount(params.userId);
    await accounts.setAccountFlags(user, { isLocked: body.locked });
    return { locked: body.locked };
  },
});
