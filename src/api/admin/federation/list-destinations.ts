// GET /_kintsugi/admin/v1/federation/destinations: other servers and how they can be reached. For administrators.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { optionalEnum, optionalInt, optionalText } from '../../../http/inbound/params.ts';
import type { Peers } from '../../../peers/peers.ts';

const PAGE_MAX = 1000;
const state = optionalEnum('well', 'failing', 'gone');

export const listDestinations = endpoint({
  route: 'GET /_kintsugi/admin/v1/federation/destinations',
  also: ['GET /_synapse/admin/v1/federation/destinations'],
  spec: 'kintsugi/operators/#federation',
  auth: 'admin',
  limit: 'none',
  query: {
    from: optionalText,
    limit: optionalInt({ min: 1, max: PAGE_MAX, clamp: true, default: 100 }),
    state,
  },
  async handle({ query }, { peers }: { peers: Peers }) {
    const { from = '', limit, state } = query;
    return peers.administration.list({ from, limit, state });
  },
});
