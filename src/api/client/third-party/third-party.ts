// Look-ups of users and rooms in other networks. No application service here offers a protocol, so the list is empty and every
// look-up in a protocol finds none. Client-Server API, "Third-party Networks".

import { endpoint, type Route } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';
import { notFound } from '../../../protocol/errors/matrix-error.ts';

export const getProtocols = endpoint({
  route: 'GET /_matrix/client/v3/thirdparty/protocols',
  also: ['GET /_matrix/client/r0/thirdparty/protocols'],
  spec: 'client-server-api/#get_matrixclientv3thirdpartyprotocols',
  auth: 'user',
  limit: 'read',
  handle: () => Promise.resolve({}),
});

const inProtocol = (what: 'protocol' | 'location' | 'user') => {
  const path: Route = `GET /_matrix/client/v3/thirdparty/${what}/{protocol}`;
  return endpoint({
    route: path,
    also: [path.replace('/v3/', '/r0/') as Route],
    spec: `client-server-api/#get_matrixclientv3thirdparty${what}protocol`,
    auth: 'user',
    limit: 'read',
    params: { protocol: text },
    async handle({ params }) {
      throw notFound(`The protocol ${params.protocol} is not known here.`);
    },
  });
};

const byMatrixId = (what: 'location' | 'user') => {
  const path: Route = `GET /_matrix/client/v3/thirdparty/${what}`;
  return endpoint({
    route: path,
    also: [path.replace('/v3/', '/r0/') as Route],
    spec: `client-server-api/#get_matrixclientv3thirdparty${what}`,
    auth: 'user',
    limit: 'read',
    query: { [what === 'user' ? 'userid' : 'alias']: text },
    async handle() {
      throw notFound('It is mapped to no other network.');
    },
  });
};

export const thirdPartyEndpoints = [
  getProtocols,
  inProtocol('protocol'),
  inProtocol('location'),
  inProtocol('user'),
  byMatrixId('location'),
  byMatrixId('user'),
];
