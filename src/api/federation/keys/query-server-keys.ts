// GET and POST /_matrix/key/v2/query: other servers' keys, with this server as their notary.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { optionalInt, serverNameParam, text } from '../../../http/inbound/params.ts';
import type { Clock } from '../../../lib/clock.ts';
import { Type } from '../../../lib/json-schema.ts';
import type { KeysQueried } from '../../../peers/keys/notary.ts';
import type { Peers } from '../../../peers/peers.ts';
import { invalidParam } from '../../../protocol/errors/matrix-error.ts';
import type { ServerName } from '../../../protocol/ids/branded.ts';
import { isServerName } from '../../../protocol/ids/server-name.ts';
import { federationEnabled } from './federation-enabled.ts';

interface Parts {
  readonly peers: Peers;
  readonly clock: Clock;
}

type Queries = Map<ServerName, KeysQueried>;

/** More than any server asks for at once; each may cost us a request. */
const SERVERS_MAX = 500;
const KEYS_MAX = 50;

const answer = async (queries: Queries, { peers }: Parts) => {
  federationEnabled(peers);
  return jsonText(`{"server_keys":[${(await peers.queryKeys(queries)).join(',')}]}`);
};

const spec = 'server-server-api/#get_matrixkeyv2queryservername';
const query = { minimum_valid_until_ts: optionalInt({ min: 0 }) };

export const queryServerKeys = endpoint({
  route: 'GET /_matrix/key/v2/query/{serverName}',
  spec,
  auth: 'none',
  limit: 'read',
  params: { serverName: serverNameParam },
  query,
  handle({ params, query: { minimum_valid_until_ts: given } }, parts: Parts) {
    // "If not supplied, the notary server MUST use the current time."
    const minimumTs = given ?? parts.clock.now();
    return answer(new Map([[params.serverName, { keys: new Map(), minimumTs }]]), parts);
  },
});

/** As servers asked before the specification's 1.6. */
export const queryServerKeyById = endpoint({
  route: 'GET /_matrix/key/v2/query/{serverName}/{keyId}',
  spec,
  auth: 'none',
  limit: 'read',
  params: { serverName: serverNameParam, keyId: text },
  query,
  handle({ params, query: { minimum_valid_until_ts: given } }, parts: Parts) {
    const keys = new Map([[params.keyId, given ?? parts.clock.now()]]);
    return answer(new Map([[params.serverName, { keys, minimumTs: 0 }]]), parts);
  },
});

const criteria = Type.Object({ minimum_valid_until_ts: Type.Optional(Type.Integer()) });
const body = Type.Object({
  server_keys: Type.Record(Type.String(), Type.Record(Type.String(), criteria)),
});

export const queryManyServerKeys = endpoint({
  route: 'POST /_matrix/key/v2/query',
  spec: 'server-server-api/#post_matrixkeyv2query',
  auth: 'none',
  limit: 'read',
  body,
  handle({ body: { server_keys: wanted } }, parts: Parts) {
    const servers = Object.entries(wanted);
    if (servers.length > SERVERS_MAX) throw invalidParam(`At most ${SERVERS_MAX} servers can be asked for at once.`);
    // "If not supplied, the current time as determined by the notary server is used."
    const now = parts.clock.now();
    const queries: Queries = new Map();
    for (const [server, keys] of servers) {
      if (!isServerName(server)) continue;
      const asked = Object.entries(keys).slice(0, KEYS_MAX);
      const times = new Map(asked.map(([keyId, { minimum_valid_until_ts: at = now }]) => [keyId, at]));
      queries.set(server, { keys: times, minimumTs: times.size === 0 ? now : 0 });
    }
    return answer(queries, parts);
  },
});
