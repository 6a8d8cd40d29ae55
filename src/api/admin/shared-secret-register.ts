// GET and POST /_synapse/admin/v1/register: accounts for whoever knows the shared secret, as existing tools make them.

import type { Auth } from '../../auth/auth.ts';
import { endpoint } from '../../http/inbound/endpoint.ts';
import { Type } from '../../lib/json-schema.ts';

const spec = 'https://element-hq.github.io/synapse/latest/admin_api/register_api.html';

export const getRegistrationNonce = endpoint({
  route: 'GET /_synapse/admin/v1/register',
  spec,
  auth: 'none',
  limit: 'register',
  async handle(_request, { auth }: { auth: Auth }) {
    return { nonce: await auth.newRegistrationNonce() };
  },
});

export const registerWithSharedSecret = endpoint({
  route: 'POST /_synapse/admin/v1/register',
  spec,
  auth: 'none',
  limit: 'register',
  body: Type.Object({
    nonce: Type.String(),
    username: Type.String(),
    password: Type.String(),
    mac: Type.String(),
    admin: Type.Optional(Type.Boolean()),
    user_type: Type.Optional(Type.String()),
    displayname: Type.Optional(Type.String({ maxLength: 256 })),
  }),
  handle: ({ body, address, headers }, { auth }: { auth: Auth }) =>
    auth.registerWithSharedSecret(body, { address, agent: headers['user-agent'] }),
});
