// Users of two servers find each other's devices, trust each other and talk in encrypted rooms, also after a server was away.

import { EventType, MsgType, Preset } from 'matrix-js-sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { UserId } from '../../src/protocol/ids/branded.ts';
import { type AnyJson, createClient, type TestClient } from '../harness/client.ts';
import { deviceKeysOf, newKey } from '../harness/e2ee-people.ts';
import { type FederatedServer, startFederation } from '../harness/federated.ts';
import { newRoom } from '../harness/room-client.ts';
import { registerDevice, type SdkDevice } from '../harness/sdk-device.ts';
import { setUpEncryption, verifyByEmoji } from '../harness/sdk-verification.ts';
import { until } from '../harness/until.ts';

let life: AsyncDisposableStack;
let a: FederatedServer;
let b: FederatedServer;

beforeEach(async () => {
  life = new AsyncDisposableStack();
  const federation = life.use(await startFederation());
  [a, b] = federation.servers as [FederatedServer, FederatedServer];
});
afterEach(() => life.disposeAsync());

const createEncryptedRoom = async ({ client }: SdkDevice, invited: SdkDevice): Promise<string> => {
  const { room_id: roomId } = await client.createRoom({
    preset: Preset.PrivateChat,
    invite: [invited.userId],
    initial_state: [{ type: EventType.RoomEncryption, state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } }],
  });
  await until('invitation', () => invited.client.getRoom(roomId)?.getMyMembership() === 'invite');
  await invited.client.joinRoom(roomId);
  return roomId;
};

const say = async ({ client }: SdkDevice, roomId: string, body: string): Promise<string> =>
  (await client.sendMessage(roomId, { msgtype: MsgType.Text, body })).event_id;

const talk = async (roomId: string, from: SdkDevice, to: SdkDevice, body: string): Promise<void> => {
  const event = await to.event(roomId, await say(from, roomId, body));
  expect([event.getWireType(), event.getContent().body]).toEqual(['m.room.encrypted', body]);
};

test('people of two servers verify each other with matrix-js-sdk and talk in an encrypted room', async () => {
  const alice = life.use(await registerDevice(a.baseUrl, 'alice'));
  const bob = life.use(await registerDevice(b.baseUrl, 'bob'));
  for (const device of [alice, bob]) await setUpEncryption(device);
  const roomId = await createEncryptedRoom(alice, bob);
  for (const { client, crypto, userId } of [alice, bob]) {
    await until(`both in the room for ${userId}`, async () => {
      const members = client.getRoom(roomId)?.getJoinedMemberCount();
      return members === 2 && (await crypto.isEncryptionEnabledInRoom(roomId));
    });
  }
  await talk(roomId, alice, bob, 'from alice');
  await talk(roomId, bob, alice, 'from bob');
  await verifyByEmoji(alice, bob, roomId);
  const status = () => alice.crypto.getUserVerificationStatus(bob.userId);
  await until('trust in bob', async () => (await status()).isCrossSigningVerified());
});

describe('between two servers', () => {
  let alice: TestClient;
  let bob: TestClient;
  let roomId: string;

  beforeEach(async () => {
    [alice, bob] = await Promise.all([a.register('alice'), b.register('bob')]);
    roomId = await newRoom(alice, { preset: 'public_chat' });
    await bob.ok(bob.post(`/_matrix/client/v3/join/${encodeURIComponent(roomId)}?via=${a.name}`));
  });

  const uploadKeys = async (client: TestClient): Promise<void> => {
    const owner = { userId: client.userId as UserId, deviceId: client.deviceId, user: 0, device: 0 };
    await client.ok(client.post('/_matrix/client/v3/keys/upload', { device_keys: deviceKeysOf(owner, newKey()) }));
  };

  /** Syncs on from a token until an answer has it; the token after it. */
  const follow = async (
    client: TestClient,
    since: string,
    what: string,
    has: (answer: AnyJson) => boolean,
  ): Promise<string> => {
    let token = since;
    await until(what, async () => {
      const answer = await client.sync({ since: token, timeout: 500 });
      token = answer.next_batch;
      return has(answer);
    });
    return token;
  };
  const changedAre = (userIds: readonly string[]) => (answer: AnyJson) => {
    const changed: string[] = answer.device_lists?.changed ?? [];
    return changed.length === userIds.length && userIds.every((userId) => changed.includes(userId));
  };

  test('device lists change for each other on joining, and when a device comes', async () => {
    const fresh = await newRoom(alice, { preset: 'public_chat' });
    const carol = await b.register('carol');
    const aliceSince = (await alice.sync()).next_batch;
    const carolSince = (await carol.sync()).next_batch;
    await carol.ok(carol.post(`/_matrix/client/v3/join/${encodeURIComponent(fresh)}?via=${a.name}`));
    const aliceNext = await follow(alice, aliceSince, 'carol', changedAre([carol.userId]));
    // Their other devices may have to know as well.
    const carolNext = await follow(carol, carolSince, 'alice', changedAre([alice.userId, carol.userId]));
    await uploadKeys(alice);
    await follow(alice, aliceNext, 'own change', changedAre([alice.userId]));
    await follow(carol, carolNext, "alice's change", changedAre([alice.userId]));
  });

  test.each([false, true])(
    'what a server that was away is owed comes when it is back (sender restarts: %s)',
    async (restarts) => {
      const { next_batch } = await bob.sync();
      await b.stop();
      await uploadKeys(alice);
      const messages = { [bob.userId]: { [bob.deviceId]: { my_key: 'my_value' } } };
      await alice.ok(alice.put('/_matrix/client/v3/sendToDevice/my.test.type/1', { messages }));
      if (restarts) {
        await a.stop();
        await a.start();
      }
      await b.start();
      // It listens to clients on another port now.
      const client = createClient(b.baseUrl, bob);
      const seen = { changed: false, events: [] as AnyJson[] };
      await follow(client, next_batch, 'what was owed', (answer) => {
        seen.changed ||= changedAre([alice.userId])(answer);
        seen.events.push(...(answer.to_device?.events ?? []));
        return seen.changed && seen.events.length > 0;
      });
      expect(seen.events).toEqual([{ type: 'my.test.type', sender: alice.userId, content: { my_key: 'my_value' } }]);
    },
  );

  test('typing, reading and presence are seen over there', async () => {
    const { next_batch } = await bob.sync();
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
    const ephemeral = (answer: AnyJson, type: string): AnyJson =>
      answer.rooms?.join?.[roomId]?.ephemeral?.events.find((event: AnyJson) => event.type === type)?.content;
    await alice.ok(alice.put(`${path}/typing/${encodeURIComponent(alice.userId)}`, { typing: true, timeout: 10_000 }));
    let token = await follow(bob, next_batch, 'typing', (answer) =>
      Boolean(ephemeral(answer, 'm.typing')?.user_ids.includes(alice.userId)),
    );
    const eventId = await alice.say(roomId, 'read this');
    await until(
      'event over there',
      async () => (await bob.get(`${path}/event/${encodeURIComponent(eventId)}`)).status === 200,
    );
    await alice.ok(alice.post(`${path}/receipt/m.read/${encodeURIComponent(eventId)}`, { thread_id: 'main' }));
    token = await follow(bob, token, 'receipt', (answer) => {
      const said = ephemeral(answer, 'm.receipt')?.[eventId]?.['m.read']?.[alice.userId];
      return said?.thread_id === 'main';
    });
    const status = `/_matrix/client/v3/presence/${encodeURIComponent(alice.userId)}/status`;
    for (const presence of ['online', 'unavailable']) {
      await alice.ok(alice.put(status, { presence, status_msg: `am ${presence}` }));
      token = await follow(bob, token, presence, (answer) =>
        Boolean(
          answer.presence?.events.some(
            ({ sender, content }: AnyJson) =>
              sender === alice.userId && content.presence === presence && content.status_msg === `am ${presence}`,
          ),
        ),
      );
    }
  });
});
