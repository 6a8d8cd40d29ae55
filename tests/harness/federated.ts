// Several whole servers in this process that reach each other over TLS, each named by its address, for tests of federation.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config/load-config.ts';
import { type Listener, listen } from '../../src/http/inbound/listen.ts';
import type { ServerName } from '../../src/protocol/ids/branded.ts';
import { parseServerName } from '../../src/protocol/ids/server-name.ts';
import type { AllParts } from '../../src/server/all-parts.ts';
import { type Composed, compose } from '../../src/server/compose.ts';
import { register, type TestClient } from './client.ts';
import { tlsFixture } from './peer-server.ts';
import { freePort } from './server.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export interface FederatedOptions {
  /** A postgres:// URL of an empty database; SQLite in a fresh data directory otherwise. */
  readonly database?: string;
  /** Further configuration, by dotted key: { 'federation.denyServers': ['evil.test'] }. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface FederatedServer extends AsyncDisposable {
  /** 127.0.0.1:port, where it answers over TLS. */
  readonly name: ServerName;
  /** For clients, without TLS. */
  readonly baseUrl: string;
  /** Those of the running server: others after a restart. */
  readonly parts: AllParts;
  /** A new account. */
  register(username: string): Promise<TestClient>;
  /** Unreachable from now on; what it stored is kept. */
  stop(): Promise<void>;
  /** The same server, name and data again, after `stop`. */
  start(): Promise<void>;
}

interface Running extends AsyncDisposable {
  readonly composed: Composed;
  readonly listener: Listener;
}

const settings = (name: string, directory: string, { database, config = {} }: FederatedOptions) =>
  Object.entries({
    serverName: name,
    dataDirectory: directory,
    ...(database !== undefined && { database }),
    'federation.extraCaFile': path('../fixtures/tls/peers-ca.pem'),
    'federation.backOff.firstMs': 100,
    'logging.level': process.env.TEST_LOG_LEVEL ?? 'silent',
    ...config,
  }).map(([key, value]) => ({ path: key.split('.'), value, source: 'the test' }));

const run = async (port: number, directory: string, options: FederatedOptions): Promise<Running> => {
  await using stack = new AsyncDisposableStack();
  const { config } = loadConfig({
    file: path('../../examples/load-test.yaml'),
    environment: {},
    flags: settings(`127.0.0.1:${port}`, directory, options),
  });
  const composed = stack.use(await compose(config));
  const { inbound, parts } = composed;
  const open = async (at: number, tls?: { cert: string; key: string }): Promise<Listener> => {
    const listener = await listen(inbound, { host: '127.0.0.1', port: at, limits: config.limits, ...(tls && { tls }) });
    stack.defer(async () => {
      composed.leave();
      inbound.drain();
      await listener.close(0, parts.clock);
    });
    return listener;
  };
  await open(port, { cert: tlsFixture('peer.pem'), key: tlsFixture('peer.key') });
  const listener = await open(0);
  const owned = stack.move();
  return { composed, listener, [Symbol.asyncDispose]: () => owned.disposeAsync() };
};

export const startFederated = async (options: FederatedOptions = {}): Promise<FederatedServer> => {
  const directory = await mkdtemp(join(tmpdir(), 'kintsugi-federated-'));
  const port = await freePort();
  let running: Running | undefined = await run(port, directory, options);
  const now = (): Running => {
    if (!running) throw new Error('the server is stopped');
    return running;
  };
  const stop = async (): Promise<void> => {
    const ended = running;
    running = undefined;
    await ended?.[Symbol.asyncDispose]();
  };
  const server: FederatedServer = {
    name: parseServerName(`127.0.0.1:${port}`),
    get baseUrl() {
      return `http://127.0.0.1:${now().listener.port}`;
    },
    get parts() {
      return now().composed.parts;
    },
    register: (username) => register(server.baseUrl, username),
    stop,
    async start() {
      running ??= await run(port, directory, options);
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return server;
};

/** All of them, closed together. */
export interface Federation extends AsyncDisposable {
  readonly servers: readonly FederatedServer[];
}

/** One server for each of the options: `const { servers: [a, b] } = await startFederation([{}, {}])`. */
export const startFederation = async (options: readonly FederatedOptions[] = [{}, {}]): Promise<Federation> => {
  await using stack = new AsyncDisposableStack();
  const servers: FederatedServer[] = [];
  for (const each of options) servers.push(stack.use(await startFederated(each)));
  const owned = stack.move();
  return { servers, [Symbol.asyncDispose]: () => owned.disposeAsync() };
};
