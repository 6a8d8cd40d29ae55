// POST /_kintsugi/admin/v1/federation/destinations/{serverName}/retry: try a server again that is left alone.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { serverNameParam } from '../../../http/inbound/params.ts';
import type { Peers } from '../../../peers/peers.ts';
import { badState } from '../../../protocol/errors/matrix-error.ts';

export const retryDestination = endpoint({
  route: 'POST /_kintsugi/admin/v1/federation/destinations/{serverName}/retry',
  also: ['POST /_synapse/admin/v1/federation/destinations/{serverName}/reset_connection'],
  spec: 'kintsugi/operators/#federation',
  auth: 'admin',
  limit: 'none',
  params: { serverName: serverNameParam },
  async handle({ params: { serverName } }, { peers }: { peers: Peers }) {
    if (await peers.administration.retry(serverName)) return {};
    throw badState(`Nothing is wrong with ${serverName}.`);
  },
});

export const retryAllDestinations = endpoint({
  route: 'POST /_kintsugi/admin/v1/federation/retry',
  spec: 'kintsugi/operators/#federation',
  auth: 'admin',
  limit: 'none',
  handle: async (_request, { peers }: { peers: Peers }) => ({ retried: await peers.administration.retryAll() }),
});
