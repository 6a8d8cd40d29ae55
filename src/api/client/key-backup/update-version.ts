// PUT /_matrix/client/v3/room_keys/version/{version}: changes the auth data of a key backup.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';
import { invalidParam } from '../../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../../protocol/events/json.ts';
import { backupVersion } from './backup-schemas.ts';

export const updateVersion = endpoint({
  route: 'PUT /_matrix/client/v3/room_keys/version/{version}',
  also: [
    'PUT /_matrix/client/r0/room_keys/version/{version}',
    'PUT /_matrix/client/unstable/room_keys/version/{version}',
  ],
  spec: 'client-server-api/#put_matrixclientv3room_keysversionversion',
  auth: 'user',
  limit: 'account',
  params: { version: text },
  body: backupVersion,
  async handle({ caller, params: { version }, body }, { e2ee }: { e2ee: E2ee }) {
    // "If present, must be the same as the version in the path parameter."
    if (body.version !== undefined && body.version !== version) throw invalidParam('Version does not match');
    await e2ee.backups.update(caller.user, version, body.algorithm, body.auth_data as JsonObject);
    return {};
  },
});
