// A user joins a room of many members through another server: the room is usable before its members are known.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RoomId, UserId } from '../../src/protocol/ids/branded.ts';
import { type AnyJson, createClient, type TestClient } from '../harness/client.ts';
import { type FederatedServer, type Federation, startFederation } from '../harness/federated.ts';
import { historyOf, newRoom, roomPath } from '../harness/room-client.ts';
import { until } from '../harness/until.ts';

let federation: Federation;
let a: FederatedServer;
let b: FederatedServer;
let c: FederatedServer;
let alice: TestClient;
let bob: TestClient;

beforeAll(async () => {
  federation = await startFederation([{}, {}, {}]);
  [a, b, c] = federation.servers as [FederatedServer, FederatedServer, FederatedServer];
  [alice, bob] = await Promise.all([a.register('alice'), b.register('bob')]);
});
afterAll(() => federation[Symbol.asyncDispose]());

const MEMBERS = 300;
const lazy = JSON.stringify({ room: { state: { lazy_load_members: true } } });
const member = (n: number): UserId => `@member${n}:${a.name}` as UserId;

/** A room of server a with many members; server a tells nobody its state until `open`. */
const crowdedRoom = async () => {
  const roomId = (await newRoom(alice, { preset: 'public_chat', name: 'Crowd' })) as RoomId;
  const joins = Array.from({ length: MEMBERS }, (_, n) => ({
    type: 'm.room.member',
    stateKey: member(n),
    sender: member(n),
    content: { membership: 'join', displayname: `Member ${n}` },
  }));
  await a.parts.rooms.sendAll(roomId, joins);
  const { serving } = a.parts.federation;
  const { stateIds, state } = serving;
  let isOpen = false;
  let asked = 0;
  const held = async (): Promise<void> => {
    asked += 1;
    if (!isOpen) throw new Error('not now');
  };
  Object.assign(serving, {
    stateIds: async (...args: Parameters<typeof stateIds>) => held().then(() => stateIds(...args)),
    state: async (...args: Parameters<typeof state>) => held().then(() => state(...args)),
  });
  return {
    roomId,
    asked: () => asked,
    open: () => {
      isOpen = true;
    },
    close: () => {
      isOpen = false;
    },
    say: (n: number, body: string) =>
      a.parts.rooms.send(roomId, { type: 'm.room.message', sender: member(n), content: { msgtype: 'm.text', body } }),
  };
};

const bodiesIn = (room: AnyJson): string[] =>
  (room?.timeline?.events ?? []).flatMap(({ content }: AnyJson) => content.body ?? []);

const explained = async (roomId: RoomId) => (await b.parts.explain.room(roomId))!;

test('the room is usable at once, told honestly, and whole later, even after a restart', async () => {
  const room = await crowdedRoom();
  const { roomId } = room;
  const before = await bob.sync();
  await bob.ok(bob.post(`/_matrix/client/v3/join/${encodeURIComponent(roomId)}?via=${a.name}`));
  await until('question for the state', () => room.asked() > 0);
  expect(await explained(roomId)).toMatchObject({ resident: 'partly', partial_join: { via: a.name } });

  // Clients that load members lazily have the room, others do not yet.
  const first = await bob.sync({ filter: lazy });
  expect(first.rooms.join[roomId].state.events.length).toBeLessThan(30);
  expect((await bob.sync()).rooms?.join?.[roomId]).toBeUndefined();
  expect((await bob.sync({ since: before.next_batch })).rooms?.join?.[roomId]).toBeUndefined();

  // Both ways.
  await bob.say(roomId, 'from bob');
  await until("message of bob at alice's", async () =>
    (await historyOf(alice, roomId)).some(({ content }) => content.body === 'from bob'),
  );
  await room.say(17, 'from a member');
  let news: AnyJson;
  await until('message of a member', async () => {
    news = (await bob.sync({ filter: lazy, since: first.next_batch })).rooms?.join?.[roomId];
    return bodiesIn(news).includes('from a member');
  });
  expect(news.state.events).toEqual([expect.objectContaining({ type: 'm.room.member', state_key: member(17) })]);

  // Server b lets nobody in as long as it does not know who is in.
  const template = a.parts.peers.call({
    destination: b.name,
    method: 'GET',
    path: `/_matrix/federation/v1/make_join/${encodeURIComponent(roomId)}/${encodeURIComponent(`@new:${a.name}`)}`,
    query: { ver: ['11', '12'] },
    timeoutMs: 10_000,
    responseSizeBytesMax: 1_000_000,
  });
  await expect(template).rejects.toMatchObject({ status: 404 });

  await b.stop();
  await room.say(18, 'while b was down');
  await b.start();
  bob = createClient(b.baseUrl, bob);
  expect(await explained(roomId)).toMatchObject({ resident: 'partly' });
  const lazily = await bob.sync({ filter: lazy });
  const tagPath = `/_matrix/client/v3/user/${encodeURIComponent(bob.userId)}/rooms/${encodeURIComponent(roomId)}/tags/work`;
  await bob.ok(bob.put(tagPath, {}));
  await bob.ok(bob.put(roomPath(roomId, 'typing', bob.userId), { typing: true, timeout: 60_000 }));
  await bob.ok(bob.post(roomPath(roomId, 'receipt', 'm.read', news.timeline.events[0].event_id), {}));
  const meanwhile = await bob.sync({ since: before.next_batch });
  const waiting = bob.ok(bob.get(roomPath(roomId, 'joined_members')));
  room.open();
  await until('whole room', async () => (await explained(roomId)).resident === 'yes');
  expect((await explained(roomId)).partial_join).toBeNull();
  expect(Object.keys((await waiting).joined)).toHaveLength(MEMBERS + 2);
  const { chunk } = await bob.ok(bob.get(roomPath(roomId, 'members')));
  expect(chunk).toHaveLength(MEMBERS + 2);

  // Others are told of the room now, those who load lazily of no member that they do not need.
  const whole = (await bob.sync({ since: before.next_batch })).rooms.join[roomId];
  expect(whole.state.events.length + whole.timeline.events.length).toBeGreaterThan(MEMBERS);
  expect((await bob.sync()).rooms.join[roomId].state.events.length).toBeGreaterThan(MEMBERS);
  // All that was around it meanwhile is told with it.
  const after = (await bob.sync({ since: meanwhile.next_batch })).rooms.join[roomId];
  expect(after.ephemeral.events.map(({ type }: AnyJson) => type).sort()).toEqual(['m.receipt', 'm.typing']);
  expect(after.account_data.events).toEqual([{ type: 'm.tag', content: { tags: { work: {} } } }]);
  const later = (await bob.sync({ filter: lazy, since: lazily.next_batch })).rooms?.join?.[roomId];
  expect(later?.state?.events?.length ?? 0).toBeLessThan(5);

  await until('message from the time of the restart', async () =>
    (await historyOf(bob, roomId)).some(({ content }) => content.body === 'while b was down'),
  );
  await room.say(200, 'at last');
  await until('message in the whole room', async () =>
    (await historyOf(bob, roomId)).some(({ content }) => content.body === 'at last'),
  );
  const root = async (server: FederatedServer) => (await server.parts.explain.room(roomId))!.state_entries;
  expect(await root(b)).toBe(await root(a));
});

test('where the server that let us in does not tell, another one does', async () => {
  const room = await crowdedRoom();
  const { roomId } = room;
  room.open();
  const carol = await c.register('carol');
  const join = `/_matrix/client/v3/join/${encodeURIComponent(roomId)}?via=${a.name}`;
  await carol.ok(carol.post(join));
  await until('whole room at the third server', async () => (await c.parts.explain.room(roomId))?.resident === 'yes');
  room.close();
  await bob.ok(bob.post(join));
  await until('whole room', async () => (await explained(roomId)).resident === 'yes');
  const { joined } = await bob.ok(bob.get(roomPath(roomId, 'joined_members')));
  expect(Object.keys(joined)).toHaveLength(MEMBERS + 3);
});
