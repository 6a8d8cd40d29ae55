// A socket in the data directory on which the command line asks the running server: an embedded database is open in one
// program alone, and what the server holds in memory is nowhere else. The file's permissions are the authentication.

import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import type { Caller, Endpoint } from '../http/inbound/endpoint.ts';
import { createInbound } from '../http/inbound/inbound.ts';
import { listenOnPath } from '../http/inbound/listen-on-path.ts';
import { createMetrics } from '../lib/metrics.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import type { AllParts } from './all-parts.ts';
import { federationAdminEndpoints } from './endpoints/federation.ts';
import { operationsEndpoints } from './endpoints/operations.ts';

export const controlSocketPath = (config: Pick<Config, 'dataDirectory'>): string =>
  join(config.dataDirectory, 'control.sock');

/** What the command line may ask. None of it acts in the name of a user. */
const controlEndpoints: readonly Endpoint<AllParts>[] = [...federationAdminEndpoints, ...operationsEndpoints];

const operatorOf = (serverName: string): Caller => ({
  // No user has an empty localpart.
  userId: `@:${serverName}` as UserId,
  user: 0,
  deviceId: '',
  device: 0,
  session: 0,
  isGuest: false,
  isAdmin: true,
});

/** Where the socket cannot be made (a path too long, a file system without sockets) the server runs without it. */
export async function openControlSocket(parts: AllParts): Promise<AsyncDisposable> {
  const { config, clock, log } = parts;
  const operator = operatorOf(config.serverName);
  const inbound = createInbound({
    endpoints: controlEndpoints,
    parts,
    authenticator: { authenticate: () => operator },
    config,
    clock,
    log,
    // Its requests are not the public's.
    metrics: createMetrics(),
  });
  const path = controlSocketPath(config);
  const listener = await listenOnPath(inbound, path).catch((err: Error) => {
    log.warn({ err: err.message, path }, 'No control socket: commands that ask the running server will not work.');
  });
  return {
    async [Symbol.asyncDispose]() {
      inbound.drain();
      await listener?.close(config.limits.shutdownGraceMs, clock);
    },
  };
}
