// The inbound edge: route, authenticate, limit, read, check, handle, answer. In this order, for every endpoint.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Cidr, parseCidr } from '../../lib/address.ts';
import { assert } from '../../lib/assert.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import { randomId } from '../../lib/random.ts';
import {
  invalidParam,
  MatrixError,
  methodNotAllowed,
  notJson,
  unrecognized,
} from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import { authorizeServer, authorizeUser } from './authorize.ts';
import { clientAddress } from './client-address.ts';
import { type CompiledEndpoint, compileEndpoint, parseParams, parseQuery } from './compile-endpoint.ts';
import { preflightHeaders } from './cors.ts';
import type { Endpoint } from './endpoint.ts';
import { Exchange, type LiveSignals, type Result } from './exchange.ts';
import { parseJsonBody } from './json-body.ts';
import type { Authenticator } from './ports.ts';
import { emptyQuery, parseQueryText, type QueryText } from './query-text.ts';
import { createRateLimits, type RateLimitsConfig } from './rate-limits.ts';
import { type BodyLimits, hasBody, readBody, streamBody } from './read-body.ts';
import { renderError } from './render-error.ts';
import { createRequestMetrics, type RouteCount } from './request-metrics.ts';
import { createRouter, type Match } from './router.ts';
import { dropRestOfBody, sendAnswer, sendJson } from './send-answer.ts';

export interface InboundConfig {
  /** CIDR networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  readonly rateLimits: RateLimitsConfig;
  readonly limits: {
    /** For JSON and form bodies where the endpoint sets no other. */
    readonly bodySizeBytesMax: number;
    /** The same for bodies of other servers: a transaction holds up to 150 events. */
    readonly federationBodySizeBytesMax: number;
    readonly bodyTimeoutMs: number;
    readonly bodyIdleTimeoutMs: number;
  };
}

export interface InboundOptions<Parts> {
  readonly endpoints: readonly Endpoint<Parts>[];
  readonly parts: Parts;
  readonly authenticator: Authenticator;
  readonly config: InboundConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Inbound {
  readonly listener: RequestListener;
  /** Requests not yet answered. */
  readonly inFlight: number;
  /** From now on answers close their connections; long polls are told to end. */
  drain(): void;
}

/** After an early answer the rest of the body is read and dropped for at most this long. */
const dropTimeoutMs = 10_000;

export function createInbound<Parts>(options: InboundOptions<Parts>): Inbound {
  return new InboundEdge(options);
}

class InboundEdge<Parts> implements Inbound {
  readonly #options: InboundOptions<Parts>;
  readonly #router = createRouter<CompiledEndpoint<Parts>>();
  readonly #rateLimits: ReturnType<typeof createRateLimits>;
  readonly #proxies: readonly Cidr[];
  readonly #unknownRoute: RouteCount;
  readonly #live: LiveSignals = new Set();
  readonly #idPrefix = `${randomId(6)}-`;
  #serial = 0;
  #inFlight = 0;
  #isDraining = false;

  constructor(options: InboundOptions<Parts>) {
    this.#options = options;
    const { endpoints, config, clock, metrics } = options;
    const requestMetrics = createRequestMetrics(metrics);
    for (const endpoint of endpoints) {
      const compiled = compileEndpoint(endpoint, config.limits, requestMetrics);
      for (const route of [endpoint.declaration.route, ...(endpoint.declaration.also ?? [])]) {
        this.#router.add(route, compiled);
      }
    }
    this.#rateLimits = createRateLimits(config.rateLimits, clock);
    this.#unknownRoute = requestMetrics.route('unknown');
    this.#proxies = config.trustedProxies.map((text) => {
      const cidr = parseCidr(text);
      assert(cidr, `trustedProxies: ${text} is no network`);
      return cidr;
    });
    metrics.collected('gauge', 'http_requests_in_flight', 'Requests not yet answered.', () => [
      { labels: {}, value: this.#inFlight },
    ]);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  drain(): void {
    this.#isDraining = true;
    for (const controller of this.#live)
      controller.abort(new DOMException('the server is shutting down', 'AbortError'));
  }

  readonly listener = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method === 'OPTIONS') {
      response.writeHead(204, preflightHeaders as string[]).end();
      return;
    }
    this.#serial += 1;
    const requestId = this.#idPrefix + this.#serial.toString(36);
    const exchange = new Exchange(request, response, requestId, this.#options.clock.monotonic(), this.#live);
    if (this.#isDraining) response.shouldKeepAlive = false;
    this.#inFlight += 1;
    // A socket that breaks while an answer is written says so here; nobody else is interested.
    response.on('error', ignore);
    void this.#serve(exchange);
  };

  async #serve(exchange: Exchange): Promise<void> {
    let count = this.#unknownRoute;
    try {
      const match = this.#route(exchange);
      count = match.value.count;
      exchange.route = match.value.declaration.route;
      await sendAnswer(exchange, await this.#answer(exchange, match));
    } catch (error) {
      this.#fail(exchange, error);
    }
    this.#finish(exchange, count);
  }

  #route({ request, target }: Exchange): Match<CompiledEndpoint<Parts>> {
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
    const mark = target.indexOf('?');
    const found = this.#router.find(method, mark < 0 ? target : target.slice(0, mark));
    switch (found.kind) {
      case 'match':
        return found.match;
      case 'method':
        throw methodNotAllowed(`${method} is not possible here.`, { headers: { Allow: found.allowed.join(', ') } });
      case 'encoding':
        throw invalidParam('The path has an invalid percent-encoding.');
      case 'none':
        throw unrecognized('Unknown endpoint.');
    }
  }

  async #answer(exchange: Exchange, match: Match<CompiledEndpoint<Parts>>): Promise<Result> {
    const { request, target } = exchange;
    const compiled = match.value;
    const { declaration } = compiled;
    const mark = target.indexOf('?');
    const query = mark < 0 ? emptyQuery : parseQueryText(target.slice(mark + 1));
    exchange.address = clientAddress(request, this.#proxies);
    if (declaration.auth === 'server') await this.#enterServer(exchange, compiled);
    else await this.#enterClient(exchange, compiled, query);
    exchange.params = parseParams(compiled, match);
    exchange.query = parseQuery(compiled, query);
    if (compiled.bodyPlan !== 'none' && declaration.auth !== 'server') await this.#readBody(exchange, compiled);
    return compiled.handle(exchange, this.#options.parts);
  }

  async #enterClient(exchange: Exchange, { declaration }: CompiledEndpoint<Parts>, query: QueryText): Promise<void> {
    if (declaration.auth !== 'none') {
      const caller = await authorizeUser(declaration, exchange.request, query, this.#options.authenticator);
      exchange.caller = caller;
      if (caller) this.#options.authenticator.noteSeen?.(caller, exchange.address, exchange.headers['user-agent']);
      if (caller?.isUnlimited) return;
      this.#rateLimits.check(declaration.limit, caller?.userId, exchange.address);
    } else this.#rateLimits.check(declaration.limit, undefined, exchange.address);
  }

  /** A server's signature covers the body, so the body comes first. */
  async #enterServer(exchange: Exchange, compiled: CompiledEndpoint<Parts>): Promise<void> {
    let content: JsonObject | undefined;
    if (compiled.bodyPlan !== 'raw' && hasBody(exchange.request)) {
      const bytes = await readBody(exchange.request, this.#bodyLimits(compiled), this.#options.clock);
      const { value, text } = parseJsonBody(bytes, true);
      exchange.bodyText = text;
      content = text === '' ? undefined : value;
    }
    const caller = await authorizeServer(exchange, content, this.#options.authenticator);
    exchange.caller = caller;
    this.#rateLimits.check(compiled.declaration.limit, caller.serverName, exchange.address);
    if (compiled.bodyPlan === 'json') exchange.body = compiled.checkBody?.(content ?? {}) ?? content ?? {};
  }

  async #readBody(exchange: Exchange, compiled: CompiledEndpoint<Parts>): Promise<void> {
    const limits = this.#bodyLimits(compiled);
    if (compiled.bodyPlan === 'raw') {
      exchange.body = streamBody(exchange.request, limits, this.#options.clock);
      return;
    }
    const bytes = await readBody(exchange.request, limits, this.#options.clock);
    if (compiled.bodyPlan === 'form') {
      exchange.bodyText = bytes.toString('utf8');
      if (exchange.bodyText.includes('\0')) throw notJson('The form holds a NUL character.');
      exchange.body = new URLSearchParams(exchange.bodyText);
      return;
    }
    const { value, text } = parseJsonBody(bytes);
    exchange.bodyText = text;
    exchange.body = compiled.checkBody?.(value) ?? value;
  }

  #bodyLimits(compiled: CompiledEndpoint<Parts>): BodyLimits {
    const { bodyTimeoutMs, bodyIdleTimeoutMs } = this.#options.config.limits;
    return {
      sizeBytesMax: compiled.bodySizeBytesMax,
      timeoutMs: bodyTimeoutMs,
      idleTimeoutMs: bodyIdleTimeoutMs,
    };
  }

  #fail(exchange: Exchange, error: unknown): void {
    const { response, requestId, request } = exchange;
    const isGone = response.destroyed || response.socket === null;
    const fields = { err: error, requestId, method: request.method, path: exchange.logPath };
    if (!(error instanceof MatrixError)) {
      if (!isGone || !isAboutClient(error))
        this.#options.log.error(fields, 'A request failed by a mistake of the server.');
    } else if (error.status >= 500) this.#options.log.warn(fields, 'A request could not be answered.');
    if (isGone) return;
    if (response.headersSent) {
      // The status is out already: only a broken connection tells the client that the answer is not whole.
      response.destroy();
      return;
    }
    const { status, text, headers } = renderError(error, requestId);
    sendJson(exchange, status, text, headers);
  }

  #finish(exchange: Exchange, count: RouteCount): void {
    this.#inFlight -= 1;
    const { request, response } = exchange;
    const { clock, log } = this.#options;
    if (!request.complete) dropRestOfBody(response, exchange, dropTimeoutMs, clock.after);
    const durationMs = clock.monotonic() - exchange.startedAt;
    count.observe(response.statusCode, durationMs);
    if (!log.isEnabled('debug')) return;
    log.debug(
      {
        requestId: exchange.requestId,
        method: request.method,
        path: exchange.logPath,
        status: response.statusCode,
        durationMs: Math.round(durationMs),
        address: exchange.address,
      },
      'request',
    );
  }
}

const ignore = (): void => {};

const brokenConnection = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'ECONNRESET', 'EPIPE']);

/** The client left while it was answered: no mistake of ours. */
function isAboutClient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'AbortError' || brokenConnection.has((error as NodeJS.ErrnoException).code ?? '');
}
