// Sends one request to another server along its route, from target to target until one can be reached. No back-off, no
// signature: what stands on it (calls, key fetches) decides about those.

import type { Outbound, OutboundStream } from '../../http/outbound/outbound.ts';
import { OutboundError, type OutboundStage } from '../../http/outbound/outbound-error.ts';
import type { Clock } from '../../lib/clock.ts';
import { LruCache } from '../../lib/lru-cache.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import { type DiscoveryDeps, discover, type PeerRoute, type PeerTarget } from '../discovery/discover.ts';
import { PeerError, type PeerStage } from '../peer-error.ts';

export interface ExchangeRequest {
  readonly destination: ServerName;
  readonly method: string;
  /** Path and query, percent-encoded, exactly as they go over the wire. */
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** From discovery to the last byte. */
  readonly timeoutMs: number;
  readonly responseSizeBytesMax: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Exchange {
  /** The answer, whatever its status, its body still to be read. Throws PeerError. */
  send(request: ExchangeRequest): Promise<OutboundStream>;
  /** Where requests would go now. Throws PeerError. */
  route(destination: ServerName): Promise<PeerRoute>;
}

export interface ExchangeDeps extends DiscoveryDeps {
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly verifiesTls: (server: ServerName) => boolean;
  readonly userAgent: string;
}

const LAST_GOOD_MAX = 10_000;

const stages: Readonly<Record<OutboundStage, PeerStage>> = {
  refused: 'tcp',
  dns: 'dns',
  tcp: 'tcp',
  tls: 'tls',
  timeout: 'http',
  http: 'http',
  size: 'http',
  redirect: 'http',
  aborted: 'http',
};
/** Nothing was sent: the next target may be tried. */
const nothingSent: ReadonlySet<OutboundStage> = new Set(['refused', 'dns', 'tcp', 'tls']);
/** About this request and no other. */
const onlyThis: ReadonlySet<OutboundStage> = new Set(['size', 'aborted']);

export const asPeerError = (destination: ServerName, error: unknown): PeerError => {
  if (error instanceof PeerError) return error;
  if (!(error instanceof OutboundError)) throw error;
  const { stage, message } = error;
  return new PeerError(destination, stages[stage], message, { isDown: !onlyThis.has(stage), cause: error });
};

const urlHost = (name: string): string => (name.includes(':') ? `[${name}]` : name);

export function createExchange(deps: ExchangeDeps): Exchange {
  const { outbound, clock, verifiesTls, userAgent } = deps;
  /** Of several targets the one that answered last comes first: a dead one is not tried for each request. */
  const lastGood = new LruCache<ServerName, string>(LAST_GOOD_MAX);

  const inOrder = (destination: ServerName, { targets }: PeerRoute): readonly PeerTarget[] => {
    const good = lastGood.get(destination);
    const isGood = ({ host, port }: PeerTarget): boolean => `${host} ${port}` === good;
    return targets.length === 1 || good === undefined
      ? targets
      : [...targets.filter(isGood), ...targets.filter((target) => !isGood(target))];
  };

  const sendTo = (
    { host, port }: PeerTarget,
    { hostHeader, tlsName }: PeerRoute,
    request: ExchangeRequest,
    timeoutMs: number,
  ): Promise<OutboundStream> => {
    const { destination, method, uri, headers, body, responseSizeBytesMax, signal } = request;
    return outbound.stream({
      url: `https://${urlHost(tlsName)}:${port}${uri}`,
      method,
      headers: { ...headers, Host: hostHeader, 'User-Agent': userAgent },
      responseSizeBytesMax,
      timeoutMs,
      verifiesTls: verifiesTls(destination),
      ...(host === tlsName ? {} : { connectTo: { host, port } }),
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
  };

  const inTime = async (destination: ServerName, timeoutMs: number): Promise<PeerRoute> => {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = clock.after(timeoutMs, () => {
      reject(new PeerError(destination, 'dns', `not found within ${timeoutMs} ms`, { isDown: true }));
    });
    try {
      return await Promise.race([discover(destination, deps), late]);
    } finally {
      timer.cancel();
    }
  };

  return {
    route: (destination) => discover(destination, deps),
    async send(request) {
      const { destination, timeoutMs } = request;
      const deadline = clock.monotonic() + timeoutMs;
      const route = await inTime(destination, timeoutMs);
      const targets = inOrder(destination, route);
      let failure: unknown;
      for (const target of targets) {
        const leftMs = deadline - clock.monotonic();
        if (leftMs <= 0) break;
        try {
          const answer = await sendTo(target, route, request, leftMs);
          if (targets.length > 1) lastGood.set(destination, `${target.host} ${target.port}`);
          return answer;
        } catch (error) {
          failure = error;
          if (!(error instanceof OutboundError && nothingSent.has(error.stage))) break;
        }
      }
      failure ??= new OutboundError('timeout', `no answer within ${timeoutMs} ms`);
      throw asPeerError(destination, failure);
    },
  };
}
