// GET /_matrix/federation/v1/query/profile: the profile of a user of this server.

import type { Accounts } from '../../../accounts/accounts.ts';
import type { Config } from '../../../config/schema.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { optionalText, userIdParam } from '../../../http/inbound/params.ts';
import { invalidParam } from '../../../protocol/errors/matrix-error.ts';
import { serverOf } from '../../../protocol/ids/id-parts.ts';

export const queryProfile = endpoint({
  route: 'GET /_matrix/federation/v1/query/profile',
  spec: 'server-server-api/#get_matrixfederationv1queryprofile',
  auth: 'server',
  limit: 'read',
  query: { user_id: userIdParam, field: optionalText },
  async handle(
    { query: { user_id: userId, field } },
    { accounts, config }: { accounts: Accounts; config: Pick<Config, 'serverName'> },
  ) {
    // "Homeservers MUST only query profiles for users that belong to the target server".
    if (serverOf(userId) !== config.serverName) throw invalidParam('user_id is not a user of this server.');
    const profile = await accounts.localProfile(userId);
    if (field === undefined) return profile;
    // "If the user does not have a particular field set on their profile, the server MUST … exclude it".
    return Object.hasOwn(profile, field) ? { [field]: profile[field] } : {};
  },
});
