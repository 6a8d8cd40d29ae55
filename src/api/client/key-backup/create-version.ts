// POST /_matrix/client/v3/room_keys/version: begins a new key backup.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import type { JsonObject } from '../../../protocol/events/json.ts';
import { backupVersion } from './backup-schemas.ts';

export const createVersion = endpoint({
  route: 'POST /_matrix/client/v3/room_keys/version',
  also: ['POST /_matrix/client/r0/room_keys/version', 'POST /_matrix/client/unstable/room_keys/version'],
  spec: 'client-server-api/#post_matrixclientv3room_keysversion',
  auth: 'user',
  limit: 'account',
  body: backupVersion,
  async handle({ caller, body }, { e2ee }: { e2ee: E2ee }) {
    return { version: await e2ee.backups.create(caller.user, body.algorithm, body.auth_data as JsonObject) };
  },
});
