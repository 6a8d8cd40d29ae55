// DELETE /_matrix/client/v3/room_keys/version/{version}: deletes a key backup with all its keys.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';

export const deleteVersion = endpoint({
  route: 'DELETE /_matrix/client/v3/room_keys/version/{version}',
  also: [
    'DELETE /_matrix/client/r0/room_keys/version/{version}',
    'DELETE /_matrix/client/unstable/room_keys/version/{version}',
  ],
  spec: 'client-server-api/#delete_matrixclientv3room_keysversionversion',
  auth: 'user',
  limit: 'account',
  params: { version: text },
  async handle({ caller, params }, { e2ee }: { e2ee: E2ee }) {
    await e2ee.backups.delete(caller.user, params.version);
    return {};
  },
});
