// Kintsugi and Synapse, two of each, all of them real: what their users do together. The journeys stand in the files beside.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
// For the type of inject('postgresUrl').
import type {} from '../harness/postgres-setup.ts';
import { devices } from './devices.ts';
import { directory, rules, spaces } from './directory.ts';
import { encryption } from './encryption.ts';
import { gathering } from './gathering.ts';
import { history } from './history.ts';
import { media } from './media.ts';
import { comingAndGoing, invitations, knocking, moderation, restrictedJoins } from './membership.ts';
import { keyChanges, outages } from './outage.ts';
import { describeMeetings, serverKeys } from './pairings.ts';
import { partialJoins } from './partial-joins.ts';
import { policies } from './policy.ts';
import { type Servers, START_TIMEOUT_MS, startServers } from './servers/all.ts';
import { changes, conflicts, conversations, signs } from './talk.ts';
import { thirdPartyInvites } from './third-party.ts';

/** A folder for what the servers wrote. */
const outputFolder = process.env.INTEROP_OUTPUT ?? '';

let running: Servers | undefined;
beforeAll(async () => {
  running = await startServers(serverKeys, inject('postgresUrl'));
}, START_TIMEOUT_MS);
afterAll(async () => {
  await using ended = running;
  if (!ended || outputFolder === '') return;
  mkdirSync(outputFolder, { recursive: true });
  for (const key of serverKeys) writeFileSync(join(outputFolder, `${key}.log`), ended.get(key).output());
}, START_TIMEOUT_MS);

const servers = (): Servers => {
  if (!running) throw new Error('the servers are not running');
  return running;
};

const everyVersion = ['6', '9', '10', '11', '12'];
const from = (first: number): string[] => everyVersion.filter((version) => Number(version) >= first);

describeMeetings('coming and going', everyVersion, servers, comingAndGoing);
describeMeetings('invitations', everyVersion, servers, invitations);
describeMeetings('moderation', everyVersion, servers, moderation);
describeMeetings('knocking', from(9), servers, knocking);
describeMeetings('restricted joins', from(9), servers, restrictedJoins);
describeMeetings('conversations', from(10), servers, conversations);
describeMeetings('changes', ['10', '12'], servers, changes);
describeMeetings('conflicts', ['6', '12'], servers, conflicts);
describeMeetings('signs', ['12'], servers, signs);
describeMeetings('history', ['12'], servers, history);
describeMeetings('devices', ['12'], servers, devices);
describeMeetings('encryption', ['12'], servers, encryption);
describeMeetings('media', ['12'], servers, media);
describeMeetings('directory', ['12'], servers, directory);
describeMeetings('spaces', ['12'], servers, spaces);
describeMeetings('rules of rooms', ['11'], servers, rules);
describeMeetings('policy server', ['12'], servers, policies);
describeMeetings('partial joins', ['11'], servers, partialJoins);
describeMeetings('invitations by e-mail address', ['11'], servers, thirdPartyInvites);
// Only where all servers run.
if (serverKeys.length === 4) {
  gathering(servers, ['kintsugi', 'synapse', 'kintsugi-pg', 'synapse-pg'], '12');
  gathering(servers, ['synapse-pg', 'kintsugi', 'synapse', 'kintsugi-pg'], '11');
  gathering(servers, ['kintsugi-pg', 'synapse', 'synapse-pg', 'kintsugi'], '10');
}
describeMeetings('outages', ['12'], servers, outages, { isAlone: true });
describeMeetings('changes of keys', ['12'], servers, keyChanges, { isAlone: true });
