// Wires the parts in their order and tells how they end, last one first.

import { access, constants, mkdir } from 'node:fs/promises';
import { createAccounts } from '../accounts/accounts.ts';
import type { Readiness } from '../api/web/readiness.ts';
import { createAuth } from '../auth/auth.ts';
import type { Config } from '../config/schema.ts';
import { createE2ee } from '../e2ee/e2ee.ts';
import { createEphemeral } from '../ephemeral/ephemeral.ts';
import { createInbound, type Inbound } from '../http/inbound/inbound.ts';
import { loadIdentity } from '../identity/identity.ts';
import { systemClock } from '../lib/clock.ts';
import { createLog, type Log } from '../lib/log.ts';
import { createMetrics } from '../lib/metrics.ts';
import { openMedia } from '../media/media.ts';
import { createMembership } from '../membership/membership.ts';
import { parseServerName } from '../protocol/ids/server-name.ts';
import { createJudging } from '../push/judging.ts';
import { createPush } from '../push/push.ts';
import { createRoomDirectory } from '../rooms/directory/room-directory.ts';
import { createRoomReads } from '../rooms/read/room-reads.ts';
import { createReports } from '../rooms/reports.ts';
import { createRooms } from '../rooms/rooms.ts';
import { createSearchIndex } from '../rooms/search/search-index.ts';
import { openDatabase } from '../storage/open-database.ts';
import { createStream } from '../stream/stream.ts';
import { createSync } from '../sync/sync.ts';
import { accountPorts } from './account-ports.ts';
import type { AllParts } from './all-parts.ts';
import { claimDatabase } from './claim-database.ts';
import { endpoints } from './endpoints.ts';
import { mediaOptions } from './media-options.ts';
import { openNetwork } from './open-network.ts';
import { sweepSessions } from './session-sweep.ts';
import { StartRefused } from './start-refused.ts';
import { sweepTransactions } from './transaction-sweep.ts';

export interface Composed extends AsyncDisposable {
  readonly parts: AllParts;
  readonly inbound: Inbound;
  readonly log: Log;
  /** From now on /ready says no. */
  leave(): void;
}

export async function compose(config: Config): Promise<Composed> {
  await using stack = new AsyncDisposableStack();
  const clock = systemClock;
  const log = createLog(config.logging);
  const metrics = createMetrics();
  await makeDataDirectory(config.dataDirectory);
  const identity = await loadIdentity(config.dataDirectory, parseServerName(config.serverName), clock);
  const db = stack.use(await openDatabase({ database: config.database, directory: config.dataDirectory }));
  await claimDatabase(db, identity);
  const stream = createStream({ db });
  const { outbound, peers } = stack.use(await openNetwork({ config, db, clock, log, metrics, identity }));
  const { serverName, signingKey } = identity;
  const ports = accountPorts(() => ({ membership, roomDirectory }));
  const accounts = createAccounts({ db, clock, log, serverName, ports });
  const auth = createAuth({ db, clock, log, serverName, config, accounts });
  stack.defer(() => auth.flushLastSeen());
  stack.use(sweepSessions(auth, clock, log));
  const judging = createJudging({ db, clock, log, serverName });
  const rooms = createRooms({ db, clock, serverName, signingKey, notifications: judging.notifications });
  stack.use(sweepTransactions(rooms, clock, log));
  const roomDirectory = createRoomDirectory({ db, clock, serverName, rooms });
  const reports = createReports({ db, clock, rooms });
  const searchIndex = stack.use(createSearchIndex({ db, clock, log }));
  const roomReads = createRoomReads({ db, clock, state: rooms.state, names: rooms.names, searchIndex });
  const e2ee = createE2ee({ db, clock, serverName, states: rooms.state, remote: undefined });
  const media = await openMedia({ db, clock, log, serverName, outbound, ...mediaOptions(config) });
  const ephemeral = stack.use(createEphemeral({ db, clock, log, stream, config }));
  const { receipts } = ephemeral;
  const { reader } = roomReads;
  const push = stack.use(createPush({ db, clock, log, stream, outbound, rooms, reader, receipts, judging, config }));
  await push.start();
  const membership = createMembership({
    db,
    clock,
    log,
    serverName,
    defaultRoomVersion: config.rooms.defaultVersion,
    rooms,
    accounts,
    latentUsers: ports,
    pushRules: push.rules,
  });
  void accounts.finishDeactivations();
  void membership.resumePropagations();
  const sync = createSync({ db, clock, stream, rooms, reader: roomReads.reader, accounts, e2ee, ephemeral });

  let isLeaving = false;
  const readiness: Readiness = {
    reason: async () => {
      if (isLeaving) return 'the server is shutting down';
      return db.read(async () => undefined).catch(() => 'the database does not answer');
    },
  };
  const parts: AllParts = {
    config,
    clock,
    log,
    metrics,
    readiness,
    identity,
    db,
    stream,
    outbound,
    peers,
    accounts,
    auth,
    rooms,
    roomDirectory,
    reports,
    membership,
    roomReads,
    roomReader: roomReads.reader,
    e2ee,
    media,
    ephemeral,
    push,
    sync,
  };
  const authenticator = { ...auth, ...(config.federation.enabled && { verifyServer: peers.verifyServer }) };
  const inbound = createInbound({ endpoints, parts, authenticator, config, clock, log, metrics });
  const owned = stack.move();
  return {
    parts,
    inbound,
    log,
    leave() {
      isLeaving = true;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function makeDataDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await access(directory, constants.W_OK);
  } catch (cause) {
    throw new StartRefused(
      `The data directory ${directory} cannot be used: ${(cause as Error).message}.`,
      'Make it writable for this user, or choose another with --data.',
      cause,
    );
  }
}
