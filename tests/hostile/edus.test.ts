// Storms of EDUs, and device lists that lead in circles.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { AnyJson } from '../harness/client.ts';
import { deviceKeysOf, newKey } from '../harness/e2ee-people.ts';
import type { RemoteRoom } from '../harness/remote-room.ts';
import { until } from '../harness/until.ts';
import { type Stage, startStage } from './stage.ts';

const SOON_MS = 5000;
const EDUS_MAX = 100;

let stage: Stage;
let room: RemoteRoom;
let bob: string;
beforeAll(async () => {
  stage = await startStage();
  room = await stage.sharedRoom();
  bob = stage.them.userId('bob');
});
afterAll(() => stage[Symbol.asyncDispose]());

const many = (count: number, make: (at: number) => JsonObject): JsonObject[] =>
  Array.from({ length: count }, (_, at) => make(at));
const typing = (at: number): JsonObject => ({
  edu_type: 'm.typing',
  content: { room_id: room.roomId, user_id: bob, typing: at % 2 === 0 },
});
const presence = (at: number): JsonObject => ({
  edu_type: 'm.presence',
  content: {
    push: [
      { user_id: bob, presence: at % 2 === 0 ? 'online' : 'unavailable', last_active_ago: at, status_msg: `${at}` },
    ],
  },
});
const receipt = (at: number): JsonObject => ({
  edu_type: 'm.receipt',
  content: {
    [room.roomId]: Object.fromEntries(
      Array.from({ length: 20 }, (_, kind) => [
        kind === 0 ? 'm.read' : `x${kind}`,
        { [bob]: { data: { ts: at }, event_ids: [`$${String(at).padEnd(43, 'a')}`] } },
      ]),
    ),
  },
});
const message = (at: number): JsonObject => ({
  edu_type: 'm.direct_to_device',
  content: {
    sender: bob,
    type: 'm.storm',
    message_id: `${at}`,
    messages: Object.fromEntries(
      Array.from({ length: 200 }, (_, n) => [
        n === 0 ? stage.alice.userId : `@u${n}:${stage.us.name}`,
        { '*': { at } },
      ]),
    ),
  },
});

test('storms are answered with "taken" or "slower", and others are served', async () => {
  const kinds = [typing, presence, receipt, message];
  const storms = Array.from({ length: 24 }, (_, at) => many(EDUS_MAX, (n) => kinds[at % 4]!(at * EDUS_MAX + n)));
  const statuses: number[] = [];
  const storm = Promise.all(storms.map(async (edus) => statuses.push((await stage.sendEdus(edus)).status)));
  const waits: number[] = [];
  for (let left = 10; left > 0; left--) waits.push(await stage.say());
  await storm;
  expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
  expect(Math.max(...waits)).toBeLessThan(SOON_MS);
  const { to_device: toDevice } = await stage.alice.sync();
  expect((toDevice?.events ?? []).length).toBeLessThanOrEqual(600);
});

test('device lists that lead in circles are asked for now and then only', async () => {
  const devices = `/user/devices/${encodeURIComponent(bob)}`;
  const keys = deviceKeysOf({ userId: bob as never, deviceId: 'D', user: 0, device: 0 }, newKey()) as AnyJson;
  let asked = 0;
  stage.override = ({ url }) => {
    if (!url.endsWith(devices)) return undefined;
    asked += 1;
    // It goes backwards each time.
    return [200, { user_id: bob, stream_id: Math.max(0, 50 - asked), devices: [{ device_id: 'D', keys }] }];
  };
  const update = (streamId: number, prevId: number[]): JsonObject => ({
    edu_type: 'm.device_list_update',
    content: { user_id: bob, device_id: 'D', stream_id: streamId, prev_id: prevId, keys },
  });
  const circles = many(EDUS_MAX, (at) => update(60 + (at % 7), [60 + ((at + 3) % 7)]));
  const backwards = many(EDUS_MAX, (at) => update(1000 - at, [1001 - at]));
  const huge = many(EDUS_MAX, (at) => update(Number.MAX_SAFE_INTEGER - at, Array<number>(1000).fill(at)));
  for (const edus of [circles, backwards, huge, circles]) expect((await stage.sendEdus(edus)).status).toBe(200);
  const query = (): Promise<AnyJson> =>
    stage.alice.ok(stage.alice.post('/_matrix/client/v3/keys/query', { device_keys: { [bob]: [] } }));
  await until('device', async () => (await query()).device_keys[bob]?.D);
  expect(asked).toBeLessThan(20);
  expect(await stage.say()).toBeLessThan(SOON_MS);
});
