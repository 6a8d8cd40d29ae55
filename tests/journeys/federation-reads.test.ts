// A server that joined a room asks the other one about it, by what it asks when events are missing, and believes the answers.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { canonicalJson } from '../../src/protocol/canonical-json/canonical-json.ts';
import type { Json } from '../../src/protocol/events/json.ts';
import type { EventId, RoomId } from '../../src/protocol/ids/branded.ts';
import type { RoomVersionId } from '../../src/protocol/room-versions/room-version.ts';
import { roomVersion } from '../../src/protocol/room-versions/room-versions.ts';
import type { TestClient } from '../harness/client.ts';
import { type FederatedServer, type Federation, startFederation } from '../harness/federated.ts';
import { newRoom, putState } from '../harness/room-client.ts';
import { until } from '../harness/until.ts';

let federation: Federation;
let a: FederatedServer;
let b: FederatedServer;
let alice: TestClient;
let bob: TestClient;

beforeAll(async () => {
  federation = await startFederation();
  [a, b] = federation.servers as [FederatedServer, FederatedServer];
  [alice, bob] = await Promise.all([a.register('alice'), b.register('bob')]);
});
afterAll(() => federation[Symbol.asyncDispose]());

const VERSIONS: readonly RoomVersionId[] = ['1', '4', '11', '12'];

test.each(VERSIONS)('what is told of a room of version %s is as it was signed', async (id) => {
  const version = roomVersion(id)!;
  const roomId = (await newRoom(alice, { preset: 'public_chat', room_version: id })) as RoomId;
  const earliest = (await alice.say(roomId, 'before')) as EventId;
  await alice.ok(bob.post(`/_matrix/client/v3/join/${encodeURIComponent(roomId)}?via=${a.name}`));
  for (const n of [1, 2, 3]) await alice.say(roomId, `message ${n}`);
  await alice.ok(putState(alice, roomId, 'm.room.topic', { topic: 'ours' }));
  const latest = (await alice.say(roomId, 'latest')) as EventId;
  await until('the latest event at b', async () => (await b.parts.rooms.receive.stored([latest])).size > 0);

  const { fetch, verify } = b.parts.federation;
  const idsOf = async (pdus: readonly Json[]): Promise<EventId[]> => {
    const verified = await verify.verifyPdus(pdus, version, a.name);
    return verified.map((one, index) => {
      if (!one.ok) throw new Error(one.reason);
      // Whole: where the content hash does not hold there is the redacted form instead.
      expect(one.event.pduJson).toBe(canonicalJson(pdus[index]!, 'lossless'));
      return one.event.event.eventId;
    });
  };
  const [event] = await idsOf([await fetch.event(a.name, latest)]);
  expect(event).toBe(latest);

  const ids = await fetch.stateIds(a.name, roomId, latest);
  const state = await fetch.state(a.name, roomId, latest);
  expect((await idsOf(state.state)).sort()).toEqual([...ids.state].sort());
  expect((await idsOf(state.authChain)).sort()).toEqual([...ids.authChain].sort());
  const ours = await Array.fromAsync((await b.parts.federation.serving.stateIds(a.name, roomId, latest)).state);
  expect(
    ours
      .flat()
      .map((text) => JSON.parse(text) as string)
      .sort(),
  ).toEqual([...ids.state].sort());

  const chain = await idsOf(await fetch.eventAuth(a.name, roomId, latest));
  expect(ids.authChain).toEqual(expect.arrayContaining(chain));
  const history = await idsOf(await fetch.backfill(a.name, roomId, [latest], 6));
  expect([history.length, history[0]]).toEqual([6, latest]);
  const query = { earliest: [earliest], latest: [latest], limit: 20, minDepth: 0 };
  const missing = await idsOf(await fetch.missingEvents(a.name, roomId, query));
  // The join, three messages and the topic.
  expect(missing).toHaveLength(5);
  expect(missing.toReversed()).toEqual(history.slice(1));
});
