// GET /.well-known/matrix/server: where other servers find this server.

import type { Config } from '../../config/schema.ts';
import { endpoint } from '../../http/inbound/endpoint.ts';
import { notFound } from '../../protocol/errors/matrix-error.ts';

export const getWellKnownServer = endpoint({
  route: 'GET /.well-known/matrix/server',
  spec: 'server-server-api/#getwell-knownmatrixserver',
  auth: 'none',
  limit: 'none',
  async handle(_request, { config }: { config: Config }) {
    const server = config.wellKnown.server;
    if (server === undefined) throw notFound('This server is not delegated.');
    return { 'm.server': server };
  },
});
