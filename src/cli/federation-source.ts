// Where the federation commands get their answers: from the running server, else from the database that it left.

import { systemClock } from '../lib/clock.ts';
import { createLog } from '../lib/log.ts';
import { createDescriptions, type ListQuery } from '../peers/destinations/describe-destination.ts';
import { createDestinations } from '../peers/destinations/destinations.ts';
import type { DestinationPage, ServerView } from '../peers/destinations/views.ts';
import { parseServerName } from '../protocol/ids/server-name.ts';
import { controlSocketPath } from '../server/control-socket.ts';
import { openDatabase } from '../storage/open-database.ts';
import { type Ask, askThrough, isRunning } from './ask-server.ts';
import { configFrom, type FlagValues } from './config-flags.ts';

/** The answers are those of the admin API. */
export interface FederationSource {
  list(query: ListQuery): Promise<DestinationPage>;
  /** undefined: nothing is known of the server. */
  show(server: string): Promise<ServerView | undefined>;
  /** False: nothing is wrong with it. */
  retry(server: string): Promise<boolean>;
  /** How many. */
  retryAll(): Promise<number>;
  /** False: no such key was refused. */
  acceptKey(server: string, keyId: string, publicKey: string): Promise<boolean>;
}

const base = '/_kintsugi/admin/v1/federation';
const enc = encodeURIComponent;

/** The same program answers that asks, and so in the shapes that it knows. */
const running = (ask: Ask): FederationSource => ({
  async list({ from, limit, state }) {
    const query = new URLSearchParams({ from, limit: String(limit), ...(state === undefined ? {} : { state }) });
    return (await ask('GET', `${base}/destinations?${query.toString()}`)) as DestinationPage;
  },
  show: async (server) => (await ask('GET', `${base}/destinations/${enc(server)}`)) as ServerView | undefined,
  retry: async (server) => (await ask('POST', `${base}/destinations/${enc(server)}/retry`)) !== undefined,
  retryAll: async () => Number((await ask('POST', `${base}/retry`))?.retried ?? 0),
  acceptKey: async (server, keyId, key) =>
    (await ask('POST', `${base}/destinations/${enc(server)}/keys/${enc(keyId)}/accept`, { key })) !== undefined,
});

/** Throws errors with a `remedy` when neither the server nor its database can be asked. */
export async function withFederation<T>(
  values: FlagValues,
  work: (source: FederationSource) => Promise<T>,
): Promise<T> {
  const { config } = configFrom(values);
  const path = controlSocketPath(config);
  if (await isRunning(path)) return work(running(askThrough(path)));
  await using db = await openDatabase({ database: config.database, directory: config.dataDirectory });
  const log = createLog({ ...config.logging, level: 'error' });
  const clock = systemClock;
  const destinations = createDestinations({ db, clock, log, backOff: config.federation.backOff });
  await destinations.load();
  const descriptions = createDescriptions({ db, destinations });
  return await work({
    ...descriptions,
    show: (server) => descriptions.show(parseServerName(server)),
    retry: (server) => descriptions.retry(parseServerName(server)),
    acceptKey: (server, keyId, key) => descriptions.acceptKey(parseServerName(server), keyId, key),
  });
}
