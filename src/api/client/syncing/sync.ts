// GET /_matrix/client/v3/sync: what a client does not know yet, or the wait for it.

import type { Accounts } from '../../../accounts/accounts.ts';
import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { optionalBool, optionalEnum, optionalInt, optionalText } from '../../../http/inbound/params.ts';
import { badJson } from '../../../protocol/errors/matrix-error.ts';
import type { Json } from '../../../protocol/events/json.ts';
import { type Filter, noFilter, parseFilter } from '../../../protocol/filters/parse-filter.ts';
import type { Sync } from '../../../sync/sync.ts';
import { parseSyncToken } from '../../../sync/sync-token.ts';

/** Proxies and browsers cut longer waits. */
const TIMEOUT_MS_MAX = 120_000;

const presence = optionalEnum('offline', 'online', 'unavailable');
const timeout = optionalInt({ min: 0, max: TIMEOUT_MS_MAX, clamp: true, default: 0 });
const flag = optionalBool();

export const syncEndpoint = endpoint({
  route: 'GET /_matrix/client/v3/sync',
  also: ['GET /_matrix/client/r0/sync'],
  spec: 'client-server-api/#get_matrixclientv3sync',
  auth: 'guest',
  limit: 'none',
  query: {
    filter: optionalText,
    since: optionalText,
    full_state: flag,
    set_presence: presence,
    timeout,
    use_state_after: flag,
    'org.matrix.msc4222.use_state_after': flag,
  },
  async handle({ caller, query, signal }, { sync, accounts }: { sync: Sync; accounts: Accounts }) {
    const { since } = query;
    const answer = await sync.sync({
      viewer: { user: caller.user, userId: caller.userId, device: caller.device },
      since: since === undefined || since === '' ? undefined : parseSyncToken(since),
      filter: await filterOf(accounts, caller.user, query.filter),
      fullState: query.full_state,
      timeoutMs: query.timeout,
      setPresence: query.set_presence ?? 'online',
      useStateAfter: query.use_state_after
        ? 'state_after'
        : query['org.matrix.msc4222.use_state_after']
          ? 'org.matrix.msc4222.state_after'
          : undefined,
      signal,
    });
    return jsonText(answer);
  },
});

/** "whether it is an ID or a JSON object by whether the first character is a { open brace". */
const filterOf = async (accounts: Accounts, user: number, text: string | undefined): Promise<Filter> => {
  if (text === undefined || text === '') return noFilter;
  if (!text.startsWith('{')) return parseFilter(JSON.parse(await accounts.filter(user, text)) as Json);
  return parseFilter(parsedFilter(text));
};

const parsedFilter = (text: string): Json => {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw badJson('filter is not JSON.', { cause });
  }
};
