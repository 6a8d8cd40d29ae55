// GET /_matrix/key/v2/server: this server's signing keys.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';
import type { Peers } from '../../../peers/peers.ts';
import { federationEnabled } from './federation-enabled.ts';

const spec = 'server-server-api/#get_matrixkeyv2server';

/** Canonical JSON as it was signed: some verify the text without writing it anew. */
const answer = async (peers: Peers) => {
  federationEnabled(peers);
  return jsonText(peers.ownKeyDocument());
};

export const getServerKeys = endpoint({
  route: 'GET /_matrix/key/v2/server',
  also: ['GET /_matrix/key/v2/server/'],
  spec,
  auth: 'none',
  limit: 'none',
  handle: (_request, { peers }: { peers: Peers }) => answer(peers),
});

/** As servers asked before the specification's 1.6. */
export const getServerKeysById = endpoint({
  route: 'GET /_matrix/key/v2/server/{keyId}',
  spec,
  auth: 'none',
  limit: 'none',
  params: { keyId: text },
  handle: (_request, { peers }: { peers: Peers }) => answer(peers),
});
