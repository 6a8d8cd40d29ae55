// The part `federation`: rooms shared with other servers.

import type { E2ee } from '../e2ee/e2ee.ts';
import type { Ephemeral } from '../ephemeral/ephemeral.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Peers } from '../peers/peers.ts';
import type { ServerName } from '../protocol/ids/branded.ts';
import type { PublicRoomsQuery } from '../rooms/directory/public-rooms.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Stream } from '../stream/stream.ts';
import { createBackfill } from './backfill/backfill.ts';
import { createSeekAgain } from './backfill/seek-again.ts';
import { createEdus } from './edus/edus.ts';
import type { RemoteDevices } from './edus/remote-keys/remote-devices.ts';
import { createFetch } from './fetch/fetch.ts';
import { createHandshakes, type HandshakesDeps } from './handshakes/handshakes.ts';
import { createIncomingTransactions } from './inbound/incoming-transactions.ts';
import { createOutbound } from './outbound/outbound.ts';
import { createRoomServers } from './outbound/room-servers.ts';
import { createPartialJoins } from './partial-joins/partial-joins.ts';
import { remotePublicRooms } from './remote/remote-directory.ts';
import { createRemoteProfiles } from './remote/remote-profiles.ts';
import { createServing, type ServingDeps } from './serving/serving.ts';
import { createVerify } from './verify/verify-pdus.ts';

export interface FederationDeps
  extends ServingDeps,
    Omit<HandshakesDeps, 'verify' | 'roomServers' | 'onPartialJoin' | 'db' | 'rooms' | 'peers'> {
  readonly rooms: Rooms;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly stream: Stream;
  readonly serverName: ServerName;
  readonly e2ee: Pick<E2ee, 'queryKeysForServer'>;
  readonly ephemeral: Pick<Ephemeral, 'typing' | 'receipts' | 'presence'>;
  readonly remoteDevices: RemoteDevices;
  readonly shutdownGraceMs: number;
}

export const createFederation = (deps: FederationDeps) => {
  const { peers, clock, db, rooms, stream, serverName } = deps;
  const verify = createVerify({ peers });
  const fetch = createFetch({ peers });
  const serving = createServing({ db, rooms });
  /** What users ask of other servers. */
  const remote = {
    ...createRemoteProfiles({ peers, clock }),
    publicRooms: (server: ServerName, question: PublicRoomsQuery) => remotePublicRooms(peers, server, question),
  };
  const roomServers = createRoomServers({ db, stream, serverName, source: rooms.state.source });
  const edus = createEdus({ ...deps, serversIn: roomServers.serversIn });
  const outbound = createOutbound({ ...deps, transport: peers, roomServers, edus });
  const handshakes = createHandshakes({
    ...deps,
    verify,
    roomServers,
    onPartialJoin: (roomId) => partialJoins.take(roomId),
  });
  const { serversIn } = roomServers;
  const { isLeftAlone } = peers;
  const pulling = { ...deps, receive: rooms.receive, verify, fetch, serversIn, isLeftAlone };
  const { takeMembership } = handshakes.resident;
  const inbound = createIncomingTransactions({ ...pulling, edus, takeMembership });
  const backfill = createBackfill(pulling);
  const partialJoins = createPartialJoins(pulling);
  const seekAgain = createSeekAgain(pulling);
  return {
    verify,
    fetch,
    serving,
    remote,
    roomServers,
    edus,
    inbound,
    outbound,
    handshakes,
    backfill,
    partialJoins,
    /** Takes up what was under way when the server was stopped. */
    async start(): Promise<void> {
      for (const part of [outbound, edus, inbound, partialJoins, seekAgain]) await part.start();
    },
    async [Symbol.asyncDispose](): Promise<void> {
      for (const part of [seekAgain, partialJoins, inbound, outbound, edus]) await part[Symbol.asyncDispose]();
    },
  };
};

export type Federation = ReturnType<typeof createFederation>;
