// The inbound edge on a free port with endpoints of a test's own, and a client that sends exactly what it is told.

import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import type { Endpoint } from '../../src/http/inbound/endpoint.ts';
import { createInbound, type Inbound, type InboundConfig } from '../../src/http/inbound/inbound.ts';
import { type ConnectionLimits, type Listener, listen } from '../../src/http/inbound/listen.ts';
import type { Authenticator } from '../../src/http/inbound/ports.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/lib/log.ts';
import { createMetrics, type Metrics } from '../../src/lib/metrics.ts';
import { unknownToken } from '../../src/protocol/errors/matrix-error.ts';

const rate = { enabled: true, perSecond: 1, burst: 2 };
export const edgeConfig: InboundConfig = {
  trustedProxies: [],
  rateLimits: {
    enabled: false,
    message: rate,
    join: rate,
    invite: rate,
    create: rate,
    login: rate,
    register: rate,
    read: rate,
    media: rate,
    account: rate,
  },
  limits: {
    bodySizeBytesMax: 100_000,
    federationBodySizeBytesMax: 200_000,
    bodyTimeoutMs: 5000,
    bodyIdleTimeoutMs: 5000,
  },
};

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as an object; {} when it is none. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface Ask {
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array;
}

export interface Edge extends AsyncDisposable {
  readonly inbound: Inbound;
  readonly listener: Listener;
  readonly metrics: Metrics;
  readonly logged: string[];
  ask(method: string, path: string, options?: Ask): Promise<Reply>;
  /** Sends these bytes and resolves with everything until the server closes the connection. */
  raw(bytes: string | Uint8Array): Promise<string>;
}

export interface EdgeOptions {
  readonly authenticator?: Authenticator;
  readonly config?: Partial<InboundConfig>;
  readonly limits?: Partial<ConnectionLimits>;
  readonly clock?: Clock;
  /** For endpoints that are not a test's own. */
  readonly parts?: unknown;
}

export const startEdge = async (endpoints: readonly Endpoint<never>[], options: EdgeOptions = {}): Promise<Edge> => {
  const logged: string[] = [];
  const log = createLog({ level: 'debug', format: 'json', destination: { write: (line) => void logged.push(line) } });
  const metrics = createMetrics();
  const inbound = createInbound({
    endpoints,
    parts: options.parts as never,
    authenticator: options.authenticator ?? {
      authenticate() {
        throw unknownToken('Unknown access token.');
      },
    },
    config: { ...edgeConfig, ...options.config },
    clock: options.clock ?? systemClock,
    log,
    metrics,
  });
  const limits = { connectionsMax: 100, headersTimeoutMs: 5000, keepAliveTimeoutMs: 5000, ...options.limits };
  const listener = await listen(inbound, { host: '127.0.0.1', port: 0, limits });
  return {
    inbound,
    listener,
    metrics,
    logged,
    ask: (method, path, ask) => askOnce(listener.port, method, path, ask),
    raw: (bytes) => sendRaw(listener.port, bytes),
    async [Symbol.asyncDispose]() {
      inbound.drain();
      await listener.close(0, systemClock);
    },
  };
};

const parsed = (text: string): Record<string, unknown> => {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
};

export const askOnce = (port: number, method: string, path: string, { headers = {}, body }: Ask = {}): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
      });
    });
    request.once('error', reject);
    request.end(body);
  });

const sendRaw = (port: number, bytes: string | Uint8Array): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
  });
