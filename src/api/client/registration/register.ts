// POST /_matrix/client/v3/register: makes an account, a guest, or a user of an application service.

import type { Auth } from '../../../auth/auth.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { optionalEnum } from '../../../http/inbound/params.ts';
import { missingToken } from '../../../protocol/errors/matrix-error.ts';

const kind = optionalEnum('user', 'guest');

export const register = endpoint({
  route: 'POST /_matrix/client/v3/register',
  also: ['POST /_matrix/client/r0/register'],
  spec: 'client-server-api/#post_matrixclientv3register',
  auth: 'optional',
  limit: 'register',
  query: { kind },
  body: 'object',
  bodySizeBytesMax: 65_536,
  async handle({ caller, query, body, address, headers }, { auth }: { auth: Auth }) {
    const origin = { address, agent: headers['user-agent'] };
    if (query.kind === 'guest') return auth.registerGuest(body, origin);
    if (caller?.appservice !== undefined) return auth.registerForAppservice(caller.appservice, body);
    if (body.type === 'm.login.application_service') throw missingToken("The application service's token is required.");
    return auth.register(body, origin);
  },
});
