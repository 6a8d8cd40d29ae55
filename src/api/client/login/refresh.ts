// POST /_matrix/client/v3/refresh: a new access token for a refresh token.

import type { Auth } from '../../../auth/auth.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { Type } from '../../../lib/json-schema.ts';

export const refresh = endpoint({
  route: 'POST /_matrix/client/v3/refresh',
  also: ['POST /_matrix/client/v1/refresh', 'POST /_matrix/client/unstable/org.matrix.msc2918/refresh'],
  spec: 'client-server-api/#post_matrixclientv3refresh',
  auth: 'none',
  limit: 'login',
  body: Type.Object({ refresh_token: Type.String({ maxLength: 4096 }) }),
  handle: ({ body }, { auth }: { auth: Auth }) => auth.refresh(body.refresh_token),
});
