// GET /_matrix/federation/v1/query/{queryType}: queries of types that the specification does not name. None is known here.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';
import { unrecognized } from '../../../protocol/errors/matrix-error.ts';

export const queryOther = endpoint({
  route: 'GET /_matrix/federation/v1/query/{queryType}',
  spec: 'server-server-api/#get_matrixfederationv1queryquerytype',
  auth: 'server',
  limit: 'none',
  params: { queryType: text },
  async handle() {
    throw unrecognized('This server does not know queries of this type.');
  },
});
