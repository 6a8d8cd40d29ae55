// Asks https://<hostname>/.well-known/matrix/server to whom a server delegates, and keeps the answers.
// Server-Server API, "Resolving server names", step 3.

import type { Outbound, OutboundResponse } from '../../http/outbound/outbound.ts';
import { OutboundError } from '../../http/outbound/outbound-error.ts';
import type { Clock } from '../../lib/clock.ts';
import { LruCache } from '../../lib/lru-cache.ts';
import { singleFlight } from '../../lib/single-flight.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import { isServerName } from '../../protocol/ids/server-name.ts';
import { errorLifetimeMs, LIFETIME_MS_MAX, lifetimeOf } from './cache-lifetime.ts';

export type WellKnown =
  | { readonly kind: 'delegated'; readonly server: ServerName }
  /** No valid answer: discovery goes on with the server's own name. */
  | { readonly kind: 'none'; readonly why: string }
  /** 410: the server is gone for good. */
  | { readonly kind: 'gone' };

export interface WellKnownLookup {
  /** `hostname`: without a port. Never rejects. */
  lookup(hostname: string): Promise<WellKnown>;
  /** The next lookup asks anew. */
  forget(hostname: string): void;
}

export interface WellKnownDeps {
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly verifiesTls: (hostname: string) => boolean;
  /** 443; tests cannot open that port. */
  readonly port: number;
}

interface Kept {
  readonly answer: WellKnown;
  readonly fetchedMs: number;
  readonly untilMs: number;
  /** Lookups in a row that brought no valid answer. */
  readonly failures: number;
}

const HOSTS_MAX = 10_000;
/** The answer is one short line; generous, and far from what would hurt. */
const SIZE_BYTES_MAX = 50 * 1024;
const TIMEOUT_MS = 10_000;
const REDIRECTS_MAX = 10;

interface Asked {
  readonly answer: WellKnown;
  /** Answers that may be different in a minute. */
  readonly isTemporary: boolean;
  readonly lifetimeMs: number | undefined;
}

function delegateOf(body: Uint8Array): ServerName | string {
  try {
    const value = JSON.parse(Buffer.from(body).toString('utf8')) as unknown;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'the answer is no JSON object';
    const server = (value as Record<string, unknown>)['m.server'];
    if (typeof server !== 'string') return 'the answer has no m.server';
    return isServerName(server) ? server : 'm.server is no server name';
  } catch {
    return 'the answer is no JSON';
  }
}

const none = (why: string, isTemporary: boolean): Asked => ({
  answer: { kind: 'none', why },
  isTemporary,
  lifetimeMs: undefined,
});

function read({ status, headers, body }: OutboundResponse, nowTs: number): Asked {
  if (status === 410) return { answer: { kind: 'gone' }, isTemporary: false, lifetimeMs: lifetimeOf(headers, nowTs) };
  if (status !== 200) return none(`HTTP status ${status}`, status >= 500 || status === 429);
  const server = delegateOf(body);
  if (!isServerName(server)) return none(server, false);
  return { answer: { kind: 'delegated', server }, isTemporary: false, lifetimeMs: lifetimeOf(headers, nowTs) };
}

export function createWellKnown({ outbound, clock, verifiesTls, port }: WellKnownDeps): WellKnownLookup {
  const kept = new LruCache<string, Kept>(HOSTS_MAX);
  const flights = singleFlight<string, WellKnown>();

  const ask = async (hostname: string): Promise<Asked> => {
    try {
      const answer = await outbound.request({
        url: `https://${hostname}${port === 443 ? '' : `:${port}`}/.well-known/matrix/server`,
        headers: { Accept: 'application/json' },
        responseSizeBytesMax: SIZE_BYTES_MAX,
        timeoutMs: TIMEOUT_MS,
        redirectsMax: REDIRECTS_MAX,
        verifiesTls: verifiesTls(hostname),
      });
      return read(answer, clock.now());
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      return none(`${error.stage}: ${error.message}`, error.stage !== 'refused' && error.stage !== 'size');
    }
  };

  const renew = async (hostname: string): Promise<WellKnown> => {
    const before = kept.peek(hostname);
    const { answer, isTemporary, lifetimeMs } = await ask(hostname);
    const nowMs = clock.monotonic();
    const failures = answer.kind === 'none' ? (before?.failures ?? 0) + 1 : 0;
    const untilMs = nowMs + (lifetimeMs ?? errorLifetimeMs(failures));
    // A delegation outlives a short trouble of the web server that tells of it, within the longest lifetime.
    const isStillGood = before?.answer.kind === 'delegated' && nowMs - before.fetchedMs < LIFETIME_MS_MAX;
    const entry =
      isTemporary && isStillGood ? { ...before, failures, untilMs } : { answer, failures, untilMs, fetchedMs: nowMs };
    kept.set(hostname, entry);
    return entry.answer;
  };

  return {
    lookup(hostname) {
      const name = hostname.toLowerCase();
      const known = kept.get(name);
      if (known && known.untilMs > clock.monotonic()) return Promise.resolve(known.answer);
      return flights.run(name, () => renew(name));
    },
    forget: (hostname) => void kept.delete(hostname.toLowerCase()),
  };
}
