// GET /.well-known/matrix/client: where clients find this server.

import type { Config } from '../../config/schema.ts';
import { endpoint } from '../../http/inbound/endpoint.ts';
import { notFound } from '../../protocol/errors/matrix-error.ts';

export const getWellKnownClient = endpoint({
  route: 'GET /.well-known/matrix/client',
  spec: 'client-server-api/#getwell-knownmatrixclient',
  auth: 'none',
  limit: 'none',
  async handle(_request, { config }: { config: Config }) {
    const baseUrl = config.wellKnown.client ?? config.publicBaseUrl;
    // 404 tells clients to go on without it; anything else would stop them.
    if (baseUrl === undefined) throw notFound('This server has no well-known client information.');
    const identityServer = config.wellKnown.identityServer;
    return {
      'm.homeserver': { base_url: baseUrl },
      ...(identityServer === undefined ? {} : { 'm.identity_server': { base_url: identityServer } }),
    };
  },
});
