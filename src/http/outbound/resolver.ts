// Resolves names for requests to elsewhere: the hosts file, then DNS, each address family on its own. Answers are kept as
// long as DNS says, so that a slow resolver costs once. What is found here is not yet allowed: the connector looks at it.

import { promises as dns } from 'node:dns';
import { isIPv4, isIPv6 } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import { LruCache } from '../../lib/lru-cache.ts';
import { randomFraction } from '../../lib/random.ts';
import { singleFlight } from '../../lib/single-flight.ts';
import { createHosts } from './hosts-file.ts';
import { orderSrv, type SrvTarget } from './srv-order.ts';

export interface FamilyAnswer {
  readonly addresses: readonly string[];
  /** Why there is none: ENOTFOUND, ENODATA, ESERVFAIL, ETIMEOUT, … */
  readonly failure?: string;
}

export interface HostAddresses {
  readonly ipv4: FamilyAnswer;
  readonly ipv6: FamilyAnswer;
}

export interface SrvAnswer {
  /** In the order to try. None: there is no such record, or `failure` tells why it is not known. */
  readonly targets: readonly SrvTarget[];
  /** ESERVFAIL, ETIMEOUT, …: not that there is none. */
  readonly failure?: string;
}

export interface Resolver {
  /** Never rejects: what could not be found out stands in the answer. */
  addresses(host: string): Promise<HostAddresses>;
  srv(name: string): Promise<SrvAnswer>;
}

export interface ResolverOptions {
  readonly clock: Clock;
  /** `address` or `address:port`; none: those of the system. */
  readonly servers?: readonly string[];
  readonly hostsFile?: string;
}

const QUERY_TIMEOUT_MS = 1500;
const QUERY_TRIES = 2;
/** The system's settings are read when a channel is made: a new one from time to time notices their change. */
const CHANNEL_AGE_MS_MAX = 60_000;
const TTL_MS_MAX = 3_600_000;
/** node:dns does not tell the lifetime of SRV records. */
const SRV_TTL_MS = 300_000;
const ABSENT_TTL_MS = 60_000;
const FAILED_TTL_MS = 5000;
const ANSWERS_MAX = 20_000;
const RECORDS_MAX = 16;
/** One family's answer is waited for this long after the other's: RFC 8305, "Resolution Delay", but more patient. */
const OTHER_FAMILY_DELAY_MS = 300;

interface Kept<T> {
  readonly answer: T;
  readonly untilMs: number;
}

/** "no such name" and "no such record of it": an answer, not a failure to get one. */
const absent = new Set(['ENOTFOUND', 'ENODATA']);
const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'EUNKNOWN';
const failedTtlMs = (code: string): number => (absent.has(code) ? ABSENT_TTL_MS : FAILED_TTL_MS);

function createQueries(clock: Clock, servers: readonly string[]) {
  let channel: dns.Resolver | undefined;
  let madeAt = 0;
  const current = (): dns.Resolver => {
    if (!channel || clock.monotonic() - madeAt > CHANNEL_AGE_MS_MAX) {
      channel = new dns.Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES });
      if (servers.length > 0) channel.setServers(servers);
      madeAt = clock.monotonic();
    }
    return channel;
  };

  const family = async (name: string, version: 4 | 6): Promise<[FamilyAnswer, number]> => {
    try {
      const query = current();
      const found = await (version === 4 ? query.resolve4(name, { ttl: true }) : query.resolve6(name, { ttl: true }));
      const records = found.slice(0, RECORDS_MAX);
      const ttlMs = Math.min(TTL_MS_MAX, ...records.map(({ ttl }) => ttl * 1000));
      return [{ addresses: records.map(({ address }) => address) }, ttlMs];
    } catch (error) {
      const failure = codeOf(error);
      return [{ addresses: [], failure }, failedTtlMs(failure)];
    }
  };

  const srv = async (name: string): Promise<[SrvAnswer, number]> => {
    try {
      const records = (await current().resolveSrv(name)).slice(0, RECORDS_MAX);
      const targets = records.map(({ name: host, port, priority, weight }) => ({
        host: host.replace(/\.$/, ''),
        port,
        priority,
        weight,
      }));
      return [{ targets: orderSrv(targets, randomFraction) }, SRV_TTL_MS];
    } catch (error) {
      const failure = codeOf(error);
      return [absent.has(failure) ? { targets: [] } : { targets: [], failure }, failedTtlMs(failure)];
    }
  };
  return { family, srv };
}

/** Keeps answers as long as they say, and asks once for all who ask at the same time. */
function remembered<T>(clock: Clock, ask: (name: string) => Promise<[T, number]>): (name: string) => Promise<T> {
  const kept = new LruCache<string, Kept<T>>(ANSWERS_MAX);
  const flights = singleFlight<string, T>();
  return (name) => {
    const known = kept.get(name);
    if (known && known.untilMs > clock.monotonic()) return Promise.resolve(known.answer);
    return flights.run(name, async () => {
      const [answer, ttlMs] = await ask(name);
      kept.set(name, { answer, untilMs: clock.monotonic() + ttlMs });
      return answer;
    });
  };
}

export function createResolver({ clock, servers = [], hostsFile }: ResolverOptions): Resolver {
  const hosts = createHosts({ clock, ...(hostsFile === undefined ? {} : { file: hostsFile }) });
  const queries = createQueries(clock, servers);
  const v4 = remembered(clock, (name) => queries.family(name, 4));
  const v6 = remembered(clock, (name) => queries.family(name, 6));
  const srv = remembered(clock, queries.srv);

  /** `slower`'s answer, or that it did not come soon enough after `faster`'s, if that has an address. */
  const notMuchLater = async (slower: Promise<FamilyAnswer>, faster: Promise<FamilyAnswer>): Promise<FamilyAnswer> => {
    const impatience = async (): Promise<FamilyAnswer> => {
      const { addresses } = await faster;
      if (addresses.length === 0) return slower;
      await clock.sleep(OTHER_FAMILY_DELAY_MS);
      return { addresses: [], failure: 'ETIMEOUT' };
    };
    return Promise.race([slower, impatience()]);
  };

  return {
    async addresses(host) {
      const listed = await hosts(host);
      if (listed.length > 0) {
        return { ipv4: familyOf(listed.filter(isIPv4)), ipv6: familyOf(listed.filter(isIPv6)) };
      }
      const name = host.toLowerCase();
      const [four, six] = [v4(name), v6(name)];
      const [ipv4, ipv6] = await Promise.all([notMuchLater(four, six), notMuchLater(six, four)]);
      return { ipv4, ipv6 };
    },
    srv: (name) => srv(name.toLowerCase()),
  };
}

const familyOf = (addresses: readonly string[]): FamilyAnswer =>
  addresses.length > 0 ? { addresses } : { addresses, failure: 'ENODATA' };
