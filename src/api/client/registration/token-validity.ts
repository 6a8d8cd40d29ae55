// GET /_matrix/client/v1/register/m.login.registration_token/validity: whether a registration token can be used now.

import type { Auth } from '../../../auth/auth.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';
import { forbidden } from '../../../protocol/errors/matrix-error.ts';

export const getTokenValidity = endpoint({
  route: 'GET /_matrix/client/v1/register/m.login.registration_token/validity',
  also: [
    'GET /_matrix/client/unstable/org.matrix.msc3231/register/org.matrix.msc3231.login.registration_token/validity',
  ],
  spec: 'client-server-api/#get_matrixclientv1registermloginregistration_tokenvalidity',
  auth: 'none',
  // "Servers should be sure to rate limit this endpoint to avoid brute force attacks."
  limit: 'register',
  query: { token: text },
  async handle({ query }, { auth }: { auth: Auth }) {
    if (!auth.isRegistrationOpen) throw forbidden('Registration is closed on this server.');
    return { valid: await auth.isRegistrationTokenValid(query.token) };
  },
});
