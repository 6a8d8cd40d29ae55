// Three servers talk, while one of them is away now and then.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient, type TestClient } from '../harness/client.ts';
import { type FederatedServer, type Federation, startFederation } from '../harness/federated.ts';
import { historyOf, newRoom } from '../harness/room-client.ts';
import { until } from '../harness/until.ts';

let federation: Federation;
let a: FederatedServer;
let b: FederatedServer;
let c: FederatedServer;
let alice: TestClient;
let bob: TestClient;
let carol: TestClient;

beforeAll(async () => {
  federation = await startFederation([{}, {}, {}]);
  [a, b, c] = federation.servers as [FederatedServer, FederatedServer, FederatedServer];
  [alice, bob, carol] = await Promise.all([a.register('alice'), b.register('bob'), c.register('carol')]);
});
afterAll(() => federation[Symbol.asyncDispose]());

const join = (client: TestClient, roomId: string, via: FederatedServer) =>
  client.ok(client.post(`/_matrix/client/v3/join/${encodeURIComponent(roomId)}?via=${via.name}`));

const bodies = async (client: TestClient, roomId: string): Promise<string[]> =>
  (await historyOf(client, roomId)).flatMap(({ type, content }) => (type === 'm.room.message' ? [content.body] : []));

const sees = (client: TestClient, roomId: string, ...expected: string[]): Promise<boolean> =>
  until(`${expected.join()} seen by ${client.userId}`, async () => {
    const seen = await bodies(client, roomId);
    return expected.every((body) => seen.includes(body));
  });

/** The same user at the port that a started server has. */
const again = (server: FederatedServer, { userId, deviceId, accessToken }: TestClient): TestClient =>
  createClient(server.baseUrl, { userId, deviceId, accessToken });

test('what one says all hear, whoever let them in', async () => {
  const roomId = await newRoom(alice, { preset: 'public_chat' });
  await join(bob, roomId, a);
  await alice.say(roomId, 'welcome');
  await sees(bob, roomId, 'welcome');
  // The join is a's to pass on.
  expect(await b.parts.metrics.render()).toContain('federation_pdus_sent_total 0');
  // Of carol's join a hears from b alone.
  await join(carol, roomId, b);
  for (const client of [alice, bob, carol]) await client.say(roomId, `by ${client.userId}`);
  const all = [alice, bob, carol].map(({ userId }) => `by ${userId}`);
  for (const client of [alice, bob, carol]) await sees(client, roomId, ...all);
});

test('a server that was away gets what was said meanwhile, also from one that was started anew', async () => {
  const roomId = await newRoom(alice, { preset: 'public_chat' });
  await join(bob, roomId, a);
  await alice.say(roomId, 'before');
  await sees(bob, roomId, 'before');
  await b.stop();
  const said = Array.from({ length: 60 }, (_, i) => `while away ${i}`);
  for (const body of said) await alice.say(roomId, body);
  await a.stop();
  await a.start();
  await b.start();
  const bobAgain = again(b, bob);
  await sees(bobAgain, roomId, ...said);
  expect((await bodies(bobAgain, roomId)).filter((body) => body.startsWith('while'))).toHaveLength(said.length);
});
