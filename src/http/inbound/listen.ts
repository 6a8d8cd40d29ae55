// Opens ports for the inbound edge and closes them in an orderly way.

import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { HostPort } from '../../lib/host-port.ts';
import type { Inbound } from './inbound.ts';

// Importing them would evaluate all their exports, among them Node's WebSocket client: a tenth of the time to start.
const { createServer } = process.getBuiltinModule('node:http');
const { createServer: createTlsServer } = process.getBuiltinModule('node:https');

/** Certificate chain and private key in PEM. */
export interface TlsMaterial {
  readonly cert: Buffer | string;
  readonly key: Buffer | string;
}

export interface ListenOptions extends HostPort {
  readonly tls?: TlsMaterial;
  readonly limits: ConnectionLimits;
}

export interface ConnectionLimits {
  readonly connectionsMax: number;
  /** For a request's line and headers. */
  readonly headersTimeoutMs: number;
  /** For a connection on which nothing is asked. */
  readonly keepAliveTimeoutMs: number;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** New connections use the new certificate. Throws when it is none, and keeps the old one. */
  replaceTls(tls: TlsMaterial): void;
  /** Stops accepting; waits at most `graceMs` for running requests, then breaks their connections. */
  close(graceMs: number, clock: Clock): Promise<void>;
}

/** How often a closing server looks for connections that have nothing left to do. */
const idleSweepMs = 50;

const headerSizeBytesMax = 32 * 1024;

function createNodeServer(inbound: Inbound, { tls, limits }: ListenOptions): Server | TlsServer {
  const options = {
    maxHeaderSize: headerSizeBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    // Bodies have their own time limits: an upload over a slow line may take long.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(2000, limits.headersTimeoutMs),
    // A client that closes its half early has gone away, as far as answers are concerned.
    insecureHTTPParser: false,
    noDelay: true,
  };
  const server = tls
    ? createTlsServer({ ...options, cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2' }, inbound.listener)
    : createServer(options, inbound.listener);
  server.maxConnections = limits.connectionsMax;
  return server;
}

/** Resolves once the port is open; rejects with the system's error (EADDRINUSE, EACCES, …) when it cannot be. */
export async function listen(inbound: Inbound, options: ListenOptions): Promise<Listener> {
  const server = createNodeServer(inbound, options);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host: options.host, port: options.port, backlog: 1024 }, resolve);
  await promise;
  server.off('error', reject);
  const { port } = server.address() as AddressInfo;
  return {
    host: options.host,
    port,
    isTls: options.tls !== undefined,
    replaceTls(tls) {
      if ('setSecureContext' in server)
        server.setSecureContext({ cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2' });
    },
    close: (graceMs, clock) => closeServer(server, graceMs, clock),
  };
}

async function closeServer(server: Server | TlsServer, graceMs: number, clock: Clock): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  let sweep: Timer;
  // Again and again: a connection whose answer was under way falls idle later, and its client may keep it for long.
  const closeIdle = (): void => {
    server.closeIdleConnections();
    sweep = clock.after(idleSweepMs, closeIdle);
  };
  closeIdle();
  const timer = clock.after(graceMs, () => server.closeAllConnections());
  await promise;
  timer.cancel();
  sweep!.cancel();
}
