// Push notifications of what comes from other servers.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AnyJson, TestClient } from '../harness/client.ts';
import { type FederatedServer, type Federation, startFederation } from '../harness/federated.ts';
import { type PushGateway, pusher, startPushGateway } from '../harness/push-gateway.ts';
import { inRoom, newRoom } from '../harness/room-client.ts';

let federation: Federation;
let a: FederatedServer;
let b: FederatedServer;
let alice: TestClient;
let bob: TestClient;
let gateway: PushGateway;

beforeAll(async () => {
  federation = await startFederation();
  [a, b] = federation.servers as [FederatedServer, FederatedServer];
  [alice, bob] = await Promise.all([a.register('alice'), b.register('bob')]);
  gateway = await startPushGateway();
  await bob.ok(bob.post('/_matrix/client/v3/pushers/set', pusher(gateway.url)));
});
afterAll(async () => {
  gateway.close();
  await federation[Symbol.asyncDispose]();
});

const listed = async (): Promise<AnyJson[]> =>
  (await bob.ok(bob.get('/_matrix/client/v3/notifications'))).notifications;

const invite = (roomId: string) => alice.ok(inRoom(alice, roomId, 'invite', { user_id: bob.userId }));

test('an invite to a room that the server is not in is told with what is known of the room', async () => {
  const roomId = await newRoom(alice, { preset: 'private_chat', name: 'Tea' });
  await invite(roomId);
  expect(await gateway.next()).toMatchObject({
    room_id: roomId,
    type: 'm.room.member',
    sender: alice.userId,
    sender_display_name: 'alice',
    room_name: 'Tea',
    user_is_target: true,
    content: { membership: 'invite' },
    counts: {},
  });
  expect(await listed()).toMatchObject([
    { room_id: roomId, read: false, actions: ['notify'], event: { type: 'm.room.member', sender: alice.userId } },
  ]);
  await bob.ok(inRoom(bob, roomId, 'leave'));
  expect(await listed()).toEqual([]);

  // Whoever joins has seen the invite.
  await invite(roomId);
  expect(await gateway.next()).toMatchObject({ room_id: roomId, content: { membership: 'invite' } });
  await bob.ok(bob.post(`/_matrix/client/v3/join/${encodeURIComponent(roomId)}?via=${a.name}`));
  const eventId = await alice.say(roomId, 'welcome');
  expect(await gateway.next()).toMatchObject({ event_id: eventId, counts: { unread: 1 } });
  expect((await listed()).map(({ event }) => event.event_id)).toEqual([eventId]);
});

test('an invite is not told where the rules say so', async () => {
  const shared = await newRoom(alice, { preset: 'public_chat' });
  await bob.ok(bob.post(`/_matrix/client/v3/join/${encodeURIComponent(shared)}?via=${a.name}`));
  const rule = '/_matrix/client/v3/pushrules/global/override/.m.rule.invite_for_me/enabled';
  await bob.ok(bob.put(rule, { enabled: false }));
  const roomId = await newRoom(alice, { preset: 'private_chat' });
  await invite(roomId);
  const eventId = await alice.say(shared, 'this is told');
  expect(await gateway.next()).toMatchObject({ event_id: eventId });
  expect((await listed()).map(({ room_id: room }) => room)).not.toContain(roomId);
});
