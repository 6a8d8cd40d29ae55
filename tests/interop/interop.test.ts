// Kintsugi and Synapse, two of each, all of them real: what their users do together. The journeys stand in the files beside.

import { afterAll, beforeAll, inject } from 'vitest';
// For the type of inject('postgresUrl').
import type {} from '../harness/postgres-setup.ts';
import { comingAndGoing, invitations, knocking, moderation, restrictedJoins } from './membership.ts';
import { describeVersions, serverKeys } from './pairings.ts';
import { type Servers, START_TIMEOUT_MS, startServers } from './servers/all.ts';

let running: Servers | undefined;
beforeAll(async () => {
  running = await startServers(serverKeys, inject('postgresUrl'));
}, START_TIMEOUT_MS);
afterAll(() => running?.[Symbol.asyncDispose]());

const servers = (): Servers => {
  if (!running) throw new Error('the servers are not running');
  return running;
};

const everyVersion = ['6', '9', '10', '11', '12'];
const from = (first: number): string[] => everyVersion.filter((version) => Number(version) >= first);

describeVersions('coming and going', everyVersion, servers, comingAndGoing);
describeVersions('invitations', everyVersion, servers, invitations);
describeVersions('moderation', from(10), servers, moderation);
describeVersions('knocking', from(9), servers, knocking);
describeVersions('restricted joins', from(9), servers, restrictedJoins);
