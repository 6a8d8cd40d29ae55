// The part `federation`: rooms shared with other servers.

import type { Peers } from '../peers/peers.ts';
import { createFetch } from './fetch/fetch.ts';
import { createServing, type ServingDeps } from './serving/serving.ts';
import { createVerify } from './verify/verify-pdus.ts';

export interface FederationDeps extends ServingDeps {
  readonly peers: Peers;
}

export const createFederation = ({ peers, db, rooms }: FederationDeps) => {
  const verify = createVerify({ peers });
  const fetch = createFetch({ peers });
  const serving = createServing({ db, rooms });
  return { verify, fetch, serving };
};

export type Federation = ReturnType<typeof createFederation>;
