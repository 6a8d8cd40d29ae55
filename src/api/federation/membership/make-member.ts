// GET /_matrix/federation/v1/make_join, make_knock, make_leave: templates for events of other servers' users.

import type { Federation } from '../../../federation/federation.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam, texts, userIdParam } from '../../../http/inbound/params.ts';

type Kind = 'join' | 'knock' | 'leave';

/** "Defaults to [1]." Who leaves is not asked which versions their server knows. */
const versionsOf = (kind: Kind, ver: readonly string[]): readonly string[] | undefined => {
  if (kind === 'leave') return undefined;
  return ver.length === 0 ? ['1'] : ver;
};

const makeMember = (kind: Kind) =>
  endpoint({
    route: `GET /_matrix/federation/v1/make_${kind}/{roomId}/{userId}`,
    spec: `server-server-api/#get_matrixfederationv1make_${kind}roomiduserid`,
    auth: 'server',
    limit: 'none',
    params: { roomId: roomIdParam, userId: userIdParam },
    query: { ver: texts },
    handle: ({ caller, params, query }, { federation }: { federation: Federation }) =>
      federation.handshakes.resident.make(caller.serverName, {
        kind,
        ...params,
        versions: versionsOf(kind, query.ver),
      }),
  });

export const makeJoin = makeMember('join');
export const makeKnock = makeMember('knock');
export const makeLeave = makeMember('leave');
