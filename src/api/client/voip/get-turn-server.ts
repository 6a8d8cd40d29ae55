// GET /_matrix/client/v3/voip/turnServer: a TURN server for calls and credentials for it; `{}` where there is none.

import type { Auth } from '../../../auth/auth.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';

export const getTurnServer = endpoint({
  route: 'GET /_matrix/client/v3/voip/turnServer',
  also: ['GET /_matrix/client/r0/voip/turnServer'],
  spec: 'client-server-api/#get_matrixclientv3voipturnserver',
  auth: 'guest',
  limit: 'read',
  handle: async ({ caller }, { auth }: { auth: Auth }) => auth.turnServer(caller) ?? {},
});
