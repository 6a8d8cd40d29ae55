// GET /_kintsugi/admin/v1/federation/destinations/{serverName}: one server, with its route, addresses and keys.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { serverNameParam } from '../../../http/inbound/params.ts';
import type { Peers } from '../../../peers/peers.ts';
import { notFound } from '../../../protocol/errors/matrix-error.ts';

export const showDestination = endpoint({
  route: 'GET /_kintsugi/admin/v1/federation/destinations/{serverName}',
  also: ['GET /_synapse/admin/v1/federation/destinations/{serverName}'],
  spec: 'kintsugi/operators/#federation',
  auth: 'admin',
  limit: 'none',
  params: { serverName: serverNameParam },
  async handle({ params: { serverName } }, { peers }: { peers: Peers }) {
    const found = await peers.administration.show(serverName);
    if (!found) throw notFound(`Nothing is known of ${serverName}.`);
    return found;
  },
});
