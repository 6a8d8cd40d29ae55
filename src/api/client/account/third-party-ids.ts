// Third-party identifiers (e-mail addresses, telephone numbers) of accounts. This server keeps none: the list is empty, and
// what would add to it says so. Client-Server API, "Adding Account Administrative Contact Information".

import { endpoint, type Route } from '../../../http/inbound/endpoint.ts';
import { forbidden, MatrixError } from '../../../protocol/errors/matrix-error.ts';

export const getThirdPartyIds = endpoint({
  route: 'GET /_matrix/client/v3/account/3pid',
  also: ['GET /_matrix/client/r0/account/3pid'],
  spec: 'client-server-api/#get_matrixclientv3account3pid',
  auth: 'user',
  limit: 'read',
  handle: () => Promise.resolve({ threepids: [] }),
});

const older = (route: string): Route => route.replace('/v3/', '/r0/') as Route;

const refusedAddition = (path: 'add' | 'bind' | '') => {
  const route = `POST /_matrix/client/v3/account/3pid${path && `/${path}`}` as Route;
  return endpoint({
    route,
    also: [older(route)],
    spec: `client-server-api/#post_matrixclientv3account3pid${path}`,
    auth: 'user',
    limit: 'account',
    body: 'object',
    async handle() {
      throw forbidden('This server keeps no third-party identifiers.');
    },
  });
};

const emptyRemoval = (path: 'delete' | 'unbind') => {
  const route: Route = `POST /_matrix/client/v3/account/3pid/${path}`;
  return endpoint({
    route,
    also: [older(route)],
    spec: `client-server-api/#post_matrixclientv3account3pid${path}`,
    auth: 'user',
    limit: 'account',
    body: 'object',
    // There is nothing to remove, and no identity server to ask.
    handle: () => Promise.resolve({ id_server_unbind_result: 'no-support' }),
  });
};

/** "M_THREEPID_DENIED: The homeserver does not permit the third-party identifier". */
const refusedValidation = (path: 'register' | 'account/password' | 'account/3pid', medium: 'email' | 'msisdn') => {
  const route: Route = `POST /_matrix/client/v3/${path}/${medium}/requestToken`;
  return endpoint({
    route,
    also: [older(route)],
    spec: `client-server-api/#post_matrixclientv3${path.replace('/', '')}${medium}requesttoken`,
    auth: 'none',
    limit: 'register',
    body: 'object',
    async handle() {
      throw new MatrixError(403, 'M_THREEPID_DENIED', 'This server validates no third-party identifiers.');
    },
  });
};

export const thirdPartyIdEndpoints = [
  getThirdPartyIds,
  refusedAddition(''),
  refusedAddition('add'),
  refusedAddition('bind'),
  emptyRemoval('delete'),
  emptyRemoval('unbind'),
  refusedValidation('register', 'email'),
  refusedValidation('register', 'msisdn'),
  refusedValidation('account/password', 'email'),
  refusedValidation('account/password', 'msisdn'),
  refusedValidation('account/3pid', 'email'),
  refusedValidation('account/3pid', 'msisdn'),
];
