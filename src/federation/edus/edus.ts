// EDUs in both directions, and what they stand upon: devices of users here and elsewhere.

import type { E2ee } from '../../e2ee/e2ee.ts';
import type { Ephemeral } from '../../ephemeral/ephemeral.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Database } from '../../storage/database.ts';
import { forgetReceivedMessages } from '../../storage/stores/received-messages.ts';
import type { Stream } from '../../stream/stream.ts';
import { EphemeralEdus } from './ephemeral-edus.ts';
import type { IncomingEdus } from './incoming.ts';
import { NeighbourWatch } from './neighbour-watch.ts';
import type { OutgoingEdus } from './outgoing.ts';
import { ownDevices } from './own-devices.ts';
import { createPendingEdus } from './pending-edus.ts';
import { createIncomingEdus } from './receive-edus.ts';
import type { RemoteDevices } from './remote-keys/remote-devices.ts';

export interface EdusDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly stream: Stream;
  readonly serverName: ServerName;
  readonly rooms: Pick<Rooms, 'view'>;
  readonly e2ee: Pick<E2ee, 'queryKeysForServer'>;
  readonly ephemeral: Pick<Ephemeral, 'typing' | 'receipts' | 'presence'>;
  readonly remoteDevices: RemoteDevices;
  /** Servers with joined users in the room, but this one. */
  readonly serversIn: (roomId: RoomId) => Promise<ReadonlySet<ServerName>>;
}

export interface Edus extends IncomingEdus, OutgoingEdus, AsyncDisposable {
  /** The answer to GET /user/devices. Throws M_NOT_FOUND for a user who is not here. */
  ownDevices(userId: UserId): Promise<JsonObject>;
  /** Takes up what an earlier process left, and follows what happens. */
  start(): Promise<void>;
}

/** A copy of a message comes with a repeated transaction, or when its server was put back to an older state. */
const MESSAGES_KEPT_MS = 14 * 24 * 3_600_000;
const SWEEP_MS = 3_600_000;

export const createEdus = (deps: EdusDeps): Edus => {
  const { db, clock, log, remoteDevices } = deps;
  const ephemeral = new EphemeralEdus(deps);
  const onNeighbour = (server: ServerName, room: number): Promise<void> => ephemeral.introducePresent(server, room);
  const watch = new NeighbourWatch({ ...deps, onNeighbour });
  let isEnding = false;
  let sweeping: Timer | undefined;

  const sweep = async (): Promise<void> => {
    while (!isEnding && (await db.write(forgetReceivedMessages, clock.now() - MESSAGES_KEPT_MS)));
  };
  const sweepSoon = (): void => {
    sweeping = clock.after(SWEEP_MS, () => {
      sweep().catch((err: unknown) => log.warn({ err }, 'Old message ids could not be forgotten.'));
      sweepSoon();
    });
  };

  return {
    ...createIncomingEdus(deps),
    ...createPendingEdus(deps),
    onEphemeral: (listener) => ephemeral.onEphemeral(listener),
    ownDevices: (userId) => ownDevices(deps, userId),
    async start() {
      remoteDevices.start();
      ephemeral.start();
      sweepSoon();
      await watch.start();
    },
    async [Symbol.asyncDispose]() {
      isEnding = true;
      sweeping?.cancel();
      await ephemeral[Symbol.asyncDispose]();
      await watch[Symbol.asyncDispose]();
      await remoteDevices[Symbol.asyncDispose]();
    },
  };
};
