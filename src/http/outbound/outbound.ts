// The only way out: every HTTP request of this server to others goes through here, guarded, timed and bounded.

import { Readable } from 'node:stream';
// By its index, undici would load fetch, WebSockets and mocks as well, another 4 MiB.
import undiciRequest from 'undici/lib/api/api-request.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import type { Cidr } from '../../lib/address.ts';
import type { Clock } from '../../lib/clock.ts';
import { LruCache } from '../../lib/lru-cache.ts';
import { addressGuard } from './address-guard.ts';
import type { DialAttempt } from './dial.ts';
import { type ConnectTo, guardedConnector } from './guarded-connector.ts';
import { asOutboundError, OutboundError } from './outbound-error.ts';
import { nextHop } from './redirect.ts';
import type { Resolver } from './resolver.ts';
import { createTrust } from './trust.ts';

export interface OutboundRequest {
  /** http or https. */
  readonly url: string;
  /** Default GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** The answer's body in bytes, at most. */
  readonly responseSizeBytesMax: number;
  /** From the first step to the last byte, redirects included. */
  readonly timeoutMs: number;
  /** Default 0: a redirect is the answer. */
  readonly redirectsMax?: number;
  /** For federation: connect there, while TLS and Host stay with the URL. Not kept on redirects. */
  readonly connectTo?: ConnectTo;
  /** Default true. False: any certificate will do, for exceptions that the operator named. */
  readonly verifiesTls?: boolean;
  readonly signal?: AbortSignal;
}

export type OutboundHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface OutboundResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: OutboundHeaders;
  readonly body: Uint8Array;
  /** After redirects. */
  readonly url: string;
}

export interface OutboundStream extends Omit<OutboundResponse, 'body'> {
  /** Must be read or destroyed. Fails with OutboundError beyond the size or time allowed. */
  readonly body: Readable;
}

/** The last time that a connection was opened to a host and port, and what became of each address. */
export interface LastDial {
  readonly atTs: number;
  readonly attempts: readonly DialAttempt[];
}

export interface Outbound extends AsyncDisposable {
  /** The whole answer, whatever its status. Throws OutboundError. */
  request(request: OutboundRequest): Promise<OutboundResponse>;
  /** The answer as it comes. Throws OutboundError. */
  stream(request: OutboundRequest): Promise<OutboundStream>;
  /** undefined: not lately. */
  lastDial(host: string, port: number): LastDial | undefined;
}

export interface OutboundOptions {
  readonly clock: Clock;
  readonly resolver: Resolver;
  /** Private networks that may be called all the same. */
  readonly allow: readonly Cidr[];
  /** PEM text of certificate authorities trusted besides the usual ones. */
  readonly extraCa?: string | undefined;
  readonly connectTimeoutMs?: number;
}

/** Delegated servers each have an agent of their own; the longest unused are closed. */
const delegatedAgentsMax = 1000;
const lastDialsMax = 5000;

export function createOutbound(options: OutboundOptions): Outbound {
  const { clock, resolver, allow, extraCa, connectTimeoutMs = 6000 } = options;
  const guard = addressGuard(allow);
  const trust = createTrust(extraCa);
  const dials = new LruCache<string, LastDial>(lastDialsMax);
  const onDial = (host: string, port: number, attempts: readonly DialAttempt[]): void => {
    dials.set(`${host} ${port}`, { atTs: clock.now(), attempts: [...attempts] });
  };
  const makeAgent = (connectTo: ConnectTo | undefined, verifiesTls: boolean): Agent =>
    new Agent({
      connect: guardedConnector({
        clock,
        guard,
        resolver,
        trust,
        connectTimeoutMs,
        connectTo,
        verifiesTls,
        onDial,
      }),
      connections: 16,
      keepAliveTimeout: 30_000,
      keepAliveMaxTimeout: 120_000,
      maxHeaderSize: 32 * 1024,
    });
  const direct = makeAgent(undefined, true);
  const delegated = new LruCache<string, Agent>(delegatedAgentsMax);
  const agentFor: AgentFor = ({ connectTo, verifiesTls = true }) => {
    if (!connectTo && verifiesTls) return direct;
    const key = `${connectTo?.host} ${connectTo?.port} ${verifiesTls}`;
    const known = delegated.get(key);
    if (known) return known;
    const oldest = delegated.size >= delegatedAgentsMax ? delegated.entries().next().value : undefined;
    if (oldest) void oldest[1].close();
    const made = makeAgent(connectTo, verifiesTls);
    delegated.set(key, made);
    return made;
  };

  const stream = (request: OutboundRequest): Promise<OutboundStream> => sendThrough(agentFor, request);
  return {
    stream,
    lastDial: (host, port) => dials.peek(`${host} ${port}`),
    async request(request) {
      const answer = await stream(request);
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of answer.body) chunks.push(chunk as Buffer);
      } catch (error) {
        throw asOutboundError(error);
      }
      return { ...answer, body: Buffer.concat(chunks) };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(
        [direct, ...[...delegated.entries()].map(([, agent]) => agent)].map((agent) => agent.destroy()),
      );
    },
  };
}

type AgentFor = (request: OutboundRequest) => Agent;

async function sendThrough(agentFor: AgentFor, first: OutboundRequest): Promise<OutboundStream> {
  const deadline = deadlineOf(first);
  try {
    let hop = first;
    for (let left = first.redirectsMax ?? 0; ; left--) {
      const answer = await sendOnce(agentFor, hop, deadline.signal);
      const next = nextHop(hop, answer.status, answer.headers.location);
      if (!next || first.redirectsMax === undefined || first.redirectsMax === 0) {
        return bounded(answer, hop.url, first.responseSizeBytesMax, deadline);
      }
      // An empty listener: a body that is thrown away may still fail.
      answer.body.on('error', () => {}).destroy();
      if (left === 0) throw new OutboundError('redirect', `more than ${first.redirectsMax} redirects`);
      hop = next;
    }
  } catch (error) {
    deadline.end();
    throw deadline.explain(error);
  }
}

interface RawAnswer {
  readonly status: number;
  readonly headers: OutboundHeaders;
  readonly body: Readable;
}

async function sendOnce(agentFor: AgentFor, request: OutboundRequest, signal: AbortSignal): Promise<RawAnswer> {
  const { url, method = 'GET', headers = {}, body, timeoutMs } = request;
  const parsed = URL.parse(url);
  if (!parsed || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')) {
    throw new OutboundError('refused', 'only http and https URLs are called');
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw new OutboundError('refused', 'URLs with user or password are not called');
  }
  const answer = await undiciRequest.call(agentFor(request), {
    origin: parsed.origin,
    path: parsed.pathname + parsed.search,
    // undici's types demand its own list of methods; any token is one.
    method: method as 'GET',
    headers: { ...headers },
    body: body ?? null,
    signal,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  return { status: answer.statusCode, headers: answer.headers, body: answer.body };
}

interface Deadline {
  readonly signal: AbortSignal;
  end(): void;
  explain(error: unknown): OutboundError;
}

function deadlineOf({ timeoutMs, signal }: OutboundRequest): Deadline {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  const onAbort = (): void => controller.abort();
  if (signal?.aborted) controller.abort();
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
    explain(error) {
      if (error instanceof OutboundError) return error;
      if (signal?.aborted) return new OutboundError('aborted', 'the request was given up', error);
      if (controller.signal.aborted)
        return new OutboundError('timeout', `no whole answer within ${timeoutMs} ms`, error);
      return asOutboundError(error);
    },
  };
}

/** The same body, failing beyond its size; the deadline goes on until its end. */
function bounded(answer: RawAnswer, url: string, sizeBytesMax: number, deadline: Deadline): OutboundStream {
  const { body, status, headers } = answer;
  const tooLarge = (): OutboundError => new OutboundError('size', `the answer is larger than ${sizeBytesMax} bytes`);
  if (Number(headers['content-length'] ?? 0) > sizeBytesMax) {
    body.on('error', () => {}).destroy();
    throw tooLarge();
  }
  async function* pieces(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let sizeBytes = 0;
    try {
      for await (const chunk of source) {
        sizeBytes += chunk.length;
        if (sizeBytes > sizeBytesMax) throw tooLarge();
        yield chunk;
      }
    } catch (error) {
      throw deadline.explain(error);
    } finally {
      deadline.end();
    }
  }
  const readable = Readable.from(pieces(body), { objectMode: false });
  readable.once('close', () => {
    deadline.end();
    body.on('error', () => {}).destroy();
  });
  return { status, headers, url, body: readable };
}
