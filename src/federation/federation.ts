// The part `federation`: rooms shared with other servers.

import type { Peers } from '../peers/peers.ts';
import { createFetch } from './fetch/fetch.ts';
import { createVerify } from './verify/verify-pdus.ts';

export interface FederationDeps {
  readonly peers: Peers;
}

export const createFederation = ({ peers }: FederationDeps) => {
  const verify = createVerify({ peers });
  const fetch = createFetch({ peers });
  return { verify, fetch };
};

export type Federation = ReturnType<typeof createFederation>;
