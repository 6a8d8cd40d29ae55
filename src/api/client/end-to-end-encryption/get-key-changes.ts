// GET /_matrix/client/v3/keys/changes: whose keys changed between two syncs.

import type { E2ee } from '../../../e2ee/e2ee.ts';
import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';
import { parsePositionToken } from '../../../rooms/read/position-token.ts';

const position = (value: string | undefined, name: string): number => parsePositionToken(text(value, name), name);

export const getKeyChanges = endpoint({
  route: 'GET /_matrix/client/v3/keys/changes',
  also: ['GET /_matrix/client/r0/keys/changes'],
  spec: 'client-server-api/#get_matrixclientv3keyschanges',
  auth: 'user',
  limit: 'read',
  query: { from: position, to: position },
  handle({ caller, query }, { e2ee }: { e2ee: E2ee }) {
    return e2ee.deviceListChanges(caller.user, query.from, query.to);
  },
});
