// Story 2 of the operators, in small: one auth event does not come, everything after it falls, and once it is there all of it stands
// up again by itself.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { slicesOf } from '../../src/lib/slices-of.ts';
import type { EventId, RoomId } from '../../src/protocol/ids/branded.ts';
import { type AskingServer, startAskingServer } from '../harness/asking-server.ts';
import type { TestClient } from '../harness/client.ts';
import { type FederatedServer, startFederated } from '../harness/federated.ts';
import { testKey } from '../harness/peer-server.ts';
import { answerForRooms, createRemoteRoom, type RemoteEvent, type RemoteRoom } from '../harness/remote-room.ts';
import { until } from '../harness/until.ts';

const EVENTS = 500;
/** PDUs of one transaction, at most. */
const STEP = 50;
const TIMEOUT_MS = 60_000;

const life = new AsyncDisposableStack();
let us: FederatedServer;
let them: AskingServer;
let alice: TestClient;
const rooms: RemoteRoom[] = [];

beforeAll(async () => {
  us = life.use(await startFederated());
  them = life.use(await startAskingServer(Date.now()));
  const { handler } = them.peer;
  them.peer.handler = answerForRooms(rooms, (request, response) =>
    request.url.includes('/send/') ? [200, { pdus: {} }] : handler(request, response),
  );
  alice = await us.register('alice');
});
afterAll(() => life.disposeAsync());

const send = async (events: readonly RemoteEvent[]): Promise<void> => {
  for (const some of slicesOf(events, STEP)) {
    const { status } = await them.ask(us.name, 'PUT', `/_matrix/federation/v1/send/${some[0]!.eventId.slice(1, 9)}`, {
      origin: them.name,
      origin_server_ts: 1,
      pdus: some.map(({ wire }) => wire),
    });
    expect(status).toBe(200);
  }
};

/** A room of Alice's, on this server, in which Bob of the other server has all power. */
const sharedRoom = async (): Promise<RemoteRoom> => {
  const bob = them.userId('bob');
  const request = { preset: 'public_chat', room_version: '11' };
  const roomId = (await alice.ok(alice.post('/_matrix/client/v3/createRoom', request))).room_id as RoomId;
  const levels = { users: { [alice.userId]: 100, [bob]: 100 } };
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/state/m.room.power_levels`;
  await alice.ok(alice.put(path, levels));
  const view = await us.parts.rooms.view(roomId);
  const picked = await view.pick([
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
    ['m.room.join_rules', ''],
  ]);
  const [create, power, rules] = picked.map((event) => event!.eventId) as [EventId, EventId, EventId];
  const key = testKey('ed25519:asking');
  const room = createRemoteRoom({ roomId, version: view.version, server: { name: them.name, key } });
  const [head] = await us.parts.rooms.receive.extremities(roomId);
  Object.assign(room, { latest: [head!.eventId], depth: head!.depth });
  const member = { type: 'm.room.member', stateKey: bob, sender: bob, content: { membership: 'join' } };
  const join = room.make({ ...member, authEvents: [create, power, rules] });
  room.authEvents = [create, power, join.eventId];
  rooms.push(room);
  await send([join]);
  return room;
};

const explain = async (eventId: EventId) => (await us.parts.explain.event(eventId))!;

const timeline = async (roomId: RoomId): Promise<string[]> => {
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages`;
  const ids: string[] = [];
  for (let from: string | undefined; ; ) {
    const query = { dir: 'b', limit: 500, ...(from !== undefined && { from }) };
    const { chunk, end } = await alice.ok(alice.get(path, { query }));
    ids.push(...(chunk as { event_id: string }[]).map((event) => event.event_id));
    if (end === undefined) return ids.reverse();
    from = end as string;
  }
};

test(`${EVENTS} events fall for want of one, and stand up in order when it comes`, async () => {
  const room = await sharedRoom();
  const bob = them.userId('bob');
  const [create, , join] = room.authEvents as [EventId, EventId, EventId];
  const content = { users: { [alice.userId]: 100, [bob]: 100 }, state_default: 60 };
  const lost = room.make({ type: 'm.room.power_levels', stateKey: '', content });
  room.withheld.add(lost.eventId);
  room.authEvents = [create, lost.eventId, join];
  const fallen = Array.from({ length: EVENTS }, (_, n) => room.make({ content: { msgtype: 'm.text', body: `${n}` } }));
  const { next_batch: since } = await alice.ok(alice.get('/_matrix/client/v3/sync'));
  await send(fallen);

  const [first, last] = [fallen[0]!.eventId, fallen.at(-1)!.eventId];
  const isStored = async () => (await us.parts.rooms.receive.stored(fallen.map(({ eventId }) => eventId))).size;
  await until('every verdict', async () => (await isStored()) === EVENTS || undefined, TIMEOUT_MS);
  expect(await explain(first)).toMatchObject({ verdict: 'rejected' });
  expect(JSON.stringify(await explain(first))).toContain(lost.eventId);
  expect(await explain(last)).toMatchObject({ verdict: 'rejected' });
  expect(await timeline(room.roomId)).not.toContain(first);
  // The room goes on meanwhile.
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room.roomId)}/send/m.room.message/still-here`;
  await alice.ok(alice.put(path, { msgtype: 'm.text', body: 'Is anybody there?' }));

  room.withheld.delete(lost.eventId);
  await send([lost]);
  await until('everything', async () => (await explain(last)).verdict === 'accepted' || undefined, TIMEOUT_MS);
  const ids = await timeline(room.roomId);
  const expected = [lost.eventId, ...fallen.map(({ eventId }) => eventId)];
  expect(ids.filter((id) => expected.includes(id as EventId))).toEqual(expected);
  const answer = await alice.ok(alice.get('/_matrix/client/v3/sync', { query: { since: since as string } }));
  const news = JSON.stringify(answer);
  expect(news).toContain(last);
  expect(await explain(first)).toMatchObject({ verdict: 'accepted' });
}, 180_000);
