// GET /_matrix/client/v3/login: the ways to log in.

import { endpoint } from '../../../http/inbound/endpoint.ts';

export const getLoginFlows = endpoint({
  route: 'GET /_matrix/client/v3/login',
  also: ['GET /_matrix/client/r0/login'],
  spec: 'client-server-api/#get_matrixclientv3login',
  auth: 'none',
  limit: 'read',
  async handle() {
    return {
      flows: [
        { type: 'm.login.password' },
        { type: 'm.login.token', get_login_token: true },
        { type: 'm.login.application_service' },
      ],
    };
  },
});
