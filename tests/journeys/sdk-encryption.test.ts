// Three people with five devices and matrix-js-sdk's own cryptography: trust, encrypted talk, and a key backup brought back.

import { EventType, Method, MsgType, Preset, Visibility } from 'matrix-js-sdk';
import { expect, test } from 'vitest';
import { describeOnBothServers } from '../harness/both-servers.ts';
import { loginDevice, registerDevice, type SdkDevice } from '../harness/sdk-device.ts';
import { setUpEncryption, verifyByEmoji } from '../harness/sdk-verification.ts';
import { until } from '../harness/until.ts';

const createEncryptedRoom = async ({ client }: SdkDevice, invite: readonly SdkDevice[]): Promise<string> => {
  const { room_id: roomId } = await client.createRoom({
    name: 'The workshop',
    preset: Preset.PrivateChat,
    visibility: Visibility.Private,
    invite: invite.map(({ userId }) => userId),
    initial_state: [{ type: EventType.RoomEncryption, state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } }],
  });
  for (const { client: invited } of invite) {
    await until('invitation', () => invited.getRoom(roomId)?.getMyMembership() === 'invite');
    await invited.joinRoom(roomId);
  }
  return roomId;
};

const say = async ({ client }: SdkDevice, roomId: string, body: string): Promise<string> =>
  (await client.sendMessage(roomId, { msgtype: MsgType.Text, body })).event_id;

const isCrossSigned = async ({ crypto }: SdkDevice, other: SdkDevice): Promise<boolean> =>
  (await crypto.getDeviceVerificationStatus(other.userId, other.deviceId))?.crossSigningVerified ?? false;

/** What the server says; the SDK keeps what it was told first. */
const backedUp = async ({ client }: SdkDevice): Promise<number> => {
  const version = await client.http.authedRequest<{ count: number }>(Method.Get, '/room_keys/version');
  return version.count;
};

/** Every device knows who is in the room and that it is encrypted. */
const allSee = (devices: readonly SdkDevice[], roomId: string, members: number): Promise<unknown> =>
  Promise.all(
    devices.map(({ client, crypto, userId }) =>
      until(`${members} members for ${userId}`, async () => {
        const room = client.getRoom(roomId);
        return room?.getJoinedMemberCount() === members && (await crypto.isEncryptionEnabledInRoom(roomId));
      }),
    ),
  );

describeOnBothServers('encryption with matrix-js-sdk', (server) => {
  test('devices and people verify each other, talk in an encrypted room, and a fresh device restores the backup', async () => {
    const { baseUrl } = server();
    await using stack = new AsyncDisposableStack();
    const alice = stack.use(await registerDevice(baseUrl, 'alice'));
    const bob = stack.use(await registerDevice(baseUrl, 'bob'));
    const carol = stack.use(await registerDevice(baseUrl, 'carol'));
    for (const device of [alice, bob, carol]) await setUpEncryption(device);
    const alice2 = stack.use(await loginDevice(alice));
    const bob2 = stack.use(await loginDevice(bob));
    const devices = [alice, alice2, bob, bob2, carol];

    expect((await verifyByEmoji(alice, alice2)).split(' ').length).toBeGreaterThanOrEqual(7);
    await verifyByEmoji(bob2, bob);
    await until('cross-signing on the second device', () => alice2.crypto.isCrossSigningReady());
    await until('trust between own devices', () => isCrossSigned(alice, alice2));
    await until('trust between own devices', () => isCrossSigned(bob, bob2));

    const roomId = await createEncryptedRoom(alice, [bob, carol]);
    await allSee(devices, roomId, 3);
    await verifyByEmoji(alice, bob, roomId);
    // Whoever trusts a person trusts the devices that person has signed.
    await until('trust in the other device', () => isCrossSigned(alice, bob2));
    expect(await isCrossSigned(alice, carol)).toBe(false);

    const told: string[] = [];
    for (const [index, device] of devices.entries()) {
      const body = `from device ${index}`;
      const eventId = await say(device, roomId, body);
      told.push(eventId);
      for (const reader of devices) {
        const event = await reader.event(roomId, eventId);
        expect([event.getWireType(), event.getContent().body]).toEqual(['m.room.encrypted', body]);
      }
    }

    await until('a backup of every key', async () => (await backedUp(alice)) >= devices.length);
    const alice3 = stack.use(await loginDevice(alice));
    await alice3.crypto.loadSessionBackupPrivateKeyFromSecretStorage();
    const { imported, total } = await alice3.crypto.restoreKeyBackup();
    expect([imported, total >= devices.length]).toEqual([total, true]);
    for (const [index, eventId] of told.entries()) {
      expect((await alice3.event(roomId, eventId)).getContent().body).toBe(`from device ${index}`);
    }

    for (const { network } of [...devices, alice3]) expect(network.violations).toEqual([]);
  });
});
