// The part `federation`: rooms shared with other servers.

import type { Clock } from '../lib/clock.ts';
import type { Peers } from '../peers/peers.ts';
import type { ServerName } from '../protocol/ids/branded.ts';
import type { PublicRoomsQuery } from '../rooms/directory/public-rooms.ts';
import { createFetch } from './fetch/fetch.ts';
import { remotePublicRooms } from './remote/remote-directory.ts';
import { createRemoteProfiles } from './remote/remote-profiles.ts';
import { createServing, type ServingDeps } from './serving/serving.ts';
import { createVerify } from './verify/verify-pdus.ts';

export interface FederationDeps extends ServingDeps {
  readonly peers: Peers;
  readonly clock: Clock;
}

export const createFederation = ({ peers, clock, db, rooms }: FederationDeps) => {
  const verify = createVerify({ peers });
  const fetch = createFetch({ peers });
  const serving = createServing({ db, rooms });
  /** What users ask of other servers. */
  const remote = {
    ...createRemoteProfiles({ peers, clock }),
    publicRooms: (server: ServerName, question: PublicRoomsQuery) => remotePublicRooms(peers, server, question),
  };
  return { verify, fetch, serving, remote };
};

export type Federation = ReturnType<typeof createFederation>;
