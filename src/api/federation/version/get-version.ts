// GET /_matrix/federation/v1/version: which program answers, and its release.

import manifest from '../../../../package.json' with { type: 'json' };
import { endpoint } from '../../../http/inbound/endpoint.ts';

export const getFederationVersion = endpoint({
  route: 'GET /_matrix/federation/v1/version',
  spec: 'server-server-api/#get_matrixfederationv1version',
  auth: 'none',
  limit: 'none',
  handle: async () => ({ server: { name: 'Kintsugi', version: manifest.version } }),
});
