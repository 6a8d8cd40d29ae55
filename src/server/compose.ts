// Wires the parts in their order and tells how they end, last one first.

import { createAccounts } from '../accounts/accounts.ts';
import type { Readiness } from '../api/web/readiness.ts';
import { createAuth } from '../auth/auth.ts';
import type { Config } from '../config/schema.ts';
import { createE2ee } from '../e2ee/e2ee.ts';
import { createEphemeral } from '../ephemeral/ephemeral.ts';
import { createRemoteDevices } from '../federation/edus/remote-keys/remote-devices.ts';
import { createFederation } from '../federation/federation.ts';
import { createInbound, type Inbound } from '../http/inbound/inbound.ts';
import type { Log } from '../lib/log.ts';
import { openMedia } from '../media/media.ts';
import { followRooms } from '../membership/follow-rooms.ts';
import { createMembership } from '../membership/membership.ts';
import { createExplain } from '../operations/explain/explain.ts';
import { createPush } from '../push/push.ts';
import { probe } from '../storage/stores/probe.ts';
import { createSync } from '../sync/sync.ts';
import { accountPorts } from './account-ports.ts';
import type { AllParts } from './all-parts.ts';
import { composeRooms } from './compose-rooms.ts';
import { endpoints } from './endpoints.ts';
import { everyHour } from './every-hour.ts';
import { type Ground, layGround } from './lay-ground.ts';
import { mediaOptions } from './media-options.ts';

export interface Composed extends AsyncDisposable {
  readonly parts: AllParts;
  readonly inbound: Inbound;
  readonly log: Log;
  /** From now on /ready says no. */
  leave(): void;
}

/** `lay`: another ground than this machine's, for simulations. */
export async function compose(config: Config, lay: typeof layGround = layGround): Promise<Composed> {
  await using stack = new AsyncDisposableStack();
  const ground = await lay(config, stack);
  const { clock, log, metrics, peers } = ground;
  let isLeaving = false;
  const parts: AllParts = {
    ...ground,
    ...(await composeParts(ground, stack)),
    readiness: readinessOf(ground, () => isLeaving),
  };
  const authenticator = { ...parts.auth, ...(config.federation.enabled && { verifyServer: peers.verifyServer }) };
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

async function composeParts(ground: Ground, stack: AsyncDisposableStack) {
  const { config, db, clock, log, stream, serverName, outbound, peers } = ground;
  const ports = accountPorts(() => ({ membership, roomDirectory: room.roomDirectory, remote: federation.remote }));
  const accounts = createAccounts({ db, clock, log, serverName, ports });
  const auth = createAuth({ db, clock, log, serverName, config, accounts });
  stack.defer(() => auth.flushLastSeen());
  stack.use(everyHour(auth.endInactiveSessions, 'Unused sessions could not be ended.', clock, log));
  const room = composeRooms(ground, stack, () => federation.backfill);
  const { rooms, roomReads, roomReader: reader, judging } = room;
  const remoteDevices = createRemoteDevices({ db, clock, log, peers });
  const remote = peers.isEnabled ? remoteDevices : undefined;
  const e2ee = createE2ee({ db, clock, serverName, states: rooms.state, remote });
  const media = await openMedia({ db, clock, log, serverName, outbound, peers, ...mediaOptions(config) });
  stack.use(everyHour(media.cleanUp, 'Files of other servers could not be deleted to make room.', clock, log));
  const ephemeral = stack.use(createEphemeral({ db, clock, log, stream, config }));
  const { receipts } = ephemeral;
  const push = stack.use(createPush({ db, clock, log, stream, outbound, rooms, reader, receipts, judging, config }));
  await push.start();
  const { shutdownGraceMs } = config.limits;
  const federation = createFederation({
    ...ground,
    accounts,
    latentUsers: ports,
    notifications: judging.notifications,
    rooms,
    e2ee,
    ephemeral,
    remoteDevices,
    shutdownGraceMs,
  });
  stack.use(federation);
  const { forgetOld } = federation.inbound;
  stack.use(everyHour(forgetOld, 'Old transactions of other servers could not be forgotten.', clock, log));
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
    serverNotices: config.serverNotices,
    remote: federation.handshakes,
  });
  stack.use(await followRooms({ db, clock, log, serverName, stream, membership }));
  void accounts.finishDeactivations();
  void membership.resumePropagations();
  void membership.notices.prepareNotices();
  const sync = createSync({ db, clock, stream, rooms, roomReads, accounts, e2ee, ephemeral });
  await rooms.receive.resume();
  if (peers.isEnabled) await federation.start();
  return {
    accounts,
    auth,
    ...room,
    e2ee,
    media,
    ephemeral,
    push,
    federation,
    membership,
    sync,
    explain: createExplain({ db }),
  };
}

const readinessOf = ({ db }: Ground, isLeaving: () => boolean): Readiness => ({
  reason: async () => {
    if (isLeaving()) return 'the server is shutting down';
    return db.write(probe, undefined).then(
      () => undefined,
      () => 'the database does not answer',
    );
  },
});
