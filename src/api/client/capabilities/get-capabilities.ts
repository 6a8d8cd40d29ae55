// GET /_matrix/client/v3/capabilities: what is optional in the API and is, or is not, possible here.

import type { Config } from '../../../config/schema.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomVersions } from '../../../protocol/room-versions/room-versions.ts';

const available = Object.fromEntries(Object.keys(roomVersions).map((version) => [version, 'stable']));

export const getCapabilities = endpoint({
  route: 'GET /_matrix/client/v3/capabilities',
  also: ['GET /_matrix/client/r0/capabilities'],
  spec: 'client-server-api/#get_matrixclientv3capabilities',
  auth: 'user',
  limit: 'read',
  async handle({ caller }, { config }: { config: Pick<Config, 'rooms'> }) {
    return {
      capabilities: {
        'm.change_password': { enabled: true },
        'm.room_versions': { default: config.rooms.defaultVersion, available },
        'm.profile_fields': { enabled: true },
        // Deprecated since v1.16 and implied by the one above; older clients look for them.
        'm.set_displayname': { enabled: true },
        'm.set_avatar_url': { enabled: true },
        'm.3pid_changes': { enabled: false },
        'm.get_login_token': { enabled: true },
        'm.forget_forced_upon_leave': { enabled: false },
        // "This property should be omitted altogether if suspend and lock would be false."
        ...(caller.isAdmin && { 'm.account_moderation': { suspend: true, lock: true } }),
      },
    };
  },
});
