// What happened in a room before this server came, or while it was away: fetched from others when somebody looks for it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestClient } from '../harness/client.ts';
import { type FederatedServer, type Federation, startFederation } from '../harness/federated.ts';
import { until } from '../harness/until.ts';

const MESSAGES = 230;

let federation: Federation;
let a: FederatedServer;
let b: FederatedServer;
let alice: TestClient;
let bob: TestClient;
let roomPath = '';
let roomId = '';
const sent: string[] = [];
let halfwayTs = 0;

const say = async (client: TestClient, body: string): Promise<string> => {
  const path = `${roomPath}/send/m.room.message/${encodeURIComponent(body)}`;
  return (await client.ok(client.put(path, { msgtype: 'm.text', body }))).event_id as string;
};

interface Page {
  readonly bodies: readonly string[];
  readonly end: string | undefined;
}

const page = async (client: TestClient, from?: string): Promise<Page> => {
  const query = { dir: 'b', limit: 50, ...(from !== undefined && { from }) };
  const { chunk, end } = await client.ok(client.get(`${roomPath}/messages`, { query }));
  const events = chunk as { type: string; content: { body: string } }[];
  return { bodies: events.map(({ type, content }) => content.body ?? type), end: end as string | undefined };
};

/** The whole timeline, newest first, as a client pages through it. */
const wholeTimeline = async (client: TestClient): Promise<string[]> => {
  const bodies: string[] = [];
  let from: string | undefined;
  do {
    const next = await page(client, from);
    bodies.push(...next.bodies);
    from = next.end;
  } while (from !== undefined);
  return bodies;
};

beforeAll(async () => {
  federation = await startFederation([{}, {}]);
  [a, b] = federation.servers as [FederatedServer, FederatedServer];
  alice = await a.register('alice');
  bob = await b.register('bob');
  const request = { preset: 'public_chat', room_version: '11' };
  roomId = (await alice.ok(alice.post('/_matrix/client/v3/createRoom', request))).room_id as string;
  roomPath = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  for (let n = 0; n < MESSAGES; n++) {
    sent.push(await say(alice, `before ${n}`));
    if (n === 100) halfwayTs = Date.now();
  }
  await bob.ok(
    bob.post(`/_matrix/client/v3/join/${encodeURIComponent(roomId)}`, {}, { query: { server_name: a.name } }),
  );
});
afterAll(() => federation[Symbol.asyncDispose]());

describe('a room that was there before', () => {
  test('a jump to a date and the context of an event lead into history that is not here yet', async () => {
    const near = await bob.ok(
      bob.get(`/_matrix/client/v1/rooms/${encodeURIComponent(roomId)}/timestamp_to_event`, {
        query: { ts: halfwayTs, dir: 'b' },
      }),
    );
    const at = sent.indexOf(near.event_id as string);
    expect(Math.abs(at - 100)).toBeLessThanOrEqual(1);
    const context = await bob.ok(bob.get(`${roomPath}/context/${encodeURIComponent(near.event_id as string)}`));
    expect((context.event as { event_id: string }).event_id).toBe(near.event_id);
    expect((context.events_before as object[]).length).toBeGreaterThan(0);
  });

  test('can be paged through to its beginning, in order, each event once', async () => {
    const timeline = await wholeTimeline(bob);
    const bodies = timeline.filter((body) => body.startsWith('before '));
    expect(bodies).toEqual(Array.from({ length: MESSAGES }, (_, n) => `before ${MESSAGES - 1 - n}`));
    expect(timeline.at(-1)).toBe('m.room.create');
    expect(timeline).toEqual(await wholeTimeline(alice));
  });
});

describe('a server that was away', () => {
  test('has what it missed at its place in the timeline', async () => {
    await until('join on the other side', async () => (await page(alice)).bodies.includes('m.room.member'));
    await b.stop();
    for (let n = 0; n < 1_200; n++) await say(alice, `away ${n}`);
    await b.start();
    bob = await b.register('bobby');
    await bob.ok(
      bob.post(`/_matrix/client/v3/join/${encodeURIComponent(roomId)}`, {}, { query: { server_name: a.name } }),
    );
    const last = await say(alice, 'back again');
    await until('the newest', async () => (await page(bob)).bodies.includes('back again'));
    expect(last).toBeTruthy();
    const bodies = (await wholeTimeline(bob)).filter((body) => body.startsWith('away '));
    expect(bodies).toEqual(Array.from({ length: 1_200 }, (_, n) => `away ${1_199 - n}`));
  });
});
