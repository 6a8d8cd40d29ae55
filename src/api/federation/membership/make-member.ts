// GET /_matrix/federation/v1/make_join, make_knock, make_leave: templates for events of other servers' users.

import type { Federation } from '../../../federation/federation.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam, texts, userIdParam } from '../../../http/inbound/params.ts';

const params = { roomId: roomIdParam, userId: userIdParam };
/** "Defaults to [1]." */
const versionsOf = (ver: readonly string[]): readonly string[] => (ver.length === 0 ? ['1'] : ver);

interface Parts {
  readonly federation: Federation;
}

export const makeJoin = endpoint({
  route: 'GET /_matrix/federation/v1/make_join/{roomId}/{userId}',
  spec: 'server-server-api/#get_matrixfederationv1make_joinroomiduserid',
  auth: 'server',
  limit: 'none',
  params,
  query: { ver: texts },
  handle: ({ caller, params: { roomId, userId }, query }, { federation }: Parts) =>
    federation.handshakes.resident.make(caller.serverName, {
      kind: 'join',
      roomId,
      userId,
      versions: versionsOf(query.ver),
    }),
});

export const makeKnock = endpoint({
  route: 'GET /_matrix/federation/v1/make_knock/{roomId}/{userId}',
  spec: 'server-server-api/#get_matrixfederationv1make_knockroomiduserid',
  auth: 'server',
  limit: 'none',
  params,
  query: { ver: texts },
  handle: ({ caller, params: { roomId, userId }, query }, { federation }: Parts) =>
    federation.handshakes.resident.make(caller.serverName, {
      kind: 'knock',
      roomId,
      userId,
      versions: versionsOf(query.ver),
    }),
});

export const makeLeave = endpoint({
  route: 'GET /_matrix/federation/v1/make_leave/{roomId}/{userId}',
  spec: 'server-server-api/#get_matrixfederationv1make_leaveroomiduserid',
  auth: 'server',
  limit: 'none',
  params,
  handle: ({ caller, params: { roomId, userId } }, { federation }: Parts) =>
    federation.handshakes.resident.make(caller.serverName, { kind: 'leave', roomId, userId }),
});
