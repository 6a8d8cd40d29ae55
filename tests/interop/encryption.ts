// People with matrix-js-sdk on different servers in an encrypted room.

import { EventType, MsgType, Preset } from 'matrix-js-sdk';
import { expect, test } from 'vitest';
import { loginDevice, registerDevice, type SdkDevice } from '../harness/sdk-device.ts';
import { setUpEncryption, verifyByEmoji } from '../harness/sdk-verification.ts';
import { inTime, until } from '../harness/until.ts';
import type { Journeys } from './pairings.ts';

let people = 0;

const allSee = (devices: readonly SdkDevice[], roomId: string): Promise<unknown> =>
  Promise.all(
    devices.map(({ client, crypto, userId }) =>
      until(`both members for ${userId}`, async () => {
        const room = client.getRoom(roomId);
        return room?.getJoinedMemberCount() === 2 && (await crypto.isEncryptionEnabledInRoom(roomId));
      }),
    ),
  );

const isCrossSigned = async ({ crypto }: SdkDevice, other: SdkDevice): Promise<boolean> =>
  (await crypto.getDeviceVerificationStatus(other.userId, other.deviceId))?.crossSigningVerified ?? false;

/** Requests of a device that is not known yet are dropped. */
const knows = ({ crypto }: SdkDevice, other: SdkDevice): Promise<unknown> =>
  until('the other device', async () => {
    const known = await crypto.getUserDeviceInfo([other.userId], true);
    return known.get(other.userId)?.has(other.deviceId);
  });

export const encryption: Journeys = (meeting, version) => {
  test('encrypted talk, trust between people, and a new device', async () => {
    await using stack = new AsyncDisposableStack();
    const { host, guest } = meeting;
    const number = ++people;
    const anna = stack.use(await registerDevice(host.baseUrl, `sdk-anna-${number}`));
    const bert = stack.use(await registerDevice(guest.baseUrl, `sdk-bert-${number}`));
    for (const device of [anna, bert]) await setUpEncryption(device);
    const { room_id: roomId } = await anna.client.createRoom({
      preset: Preset.PrivateChat,
      room_version: version,
      invite: [bert.userId],
      initial_state: [
        { type: EventType.RoomEncryption, state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } },
      ],
    });
    await until('invitation', () => bert.client.getRoom(roomId)?.getMyMembership() === 'invite');
    await bert.client.joinRoom(roomId);
    await allSee([anna, bert], roomId);

    const talk = async (devices: readonly SdkDevice[]): Promise<void> => {
      for (const { client, deviceId } of devices) {
        const message = { msgtype: MsgType.Text, body: `from ${deviceId}` } as const;
        const { event_id: said } = await inTime(`answer to ${deviceId}`, client.sendMessage(roomId, message));
        for (const reader of devices) {
          const event = await reader.event(roomId, said);
          expect([event.getWireType(), event.getContent().body]).toEqual(['m.room.encrypted', `from ${deviceId}`]);
        }
      }
    };
    await talk([anna, bert]);
    await Promise.all([knows(anna, bert), knows(bert, anna)]);
    await verifyByEmoji(anna, bert, roomId);
    await until('trust between the two', async () => (await isCrossSigned(anna, bert)) && isCrossSigned(bert, anna));

    // Whoever trusts a person trusts the devices that this person has signed, and writes to them.
    const second = stack.use(await loginDevice(bert));
    await Promise.all([knows(bert, second), knows(second, bert)]);
    await verifyByEmoji(second, bert);
    await until('trust in the new device', () => isCrossSigned(anna, second));
    await allSee([second], roomId);
    await talk([anna, bert, second]);
    const ours = [anna, bert, second].filter(({ client }) =>
      [host, guest].some(({ kind, baseUrl }) => kind === 'kintsugi' && baseUrl === client.getHomeserverUrl()),
    );
    for (const { network } of ours) expect(network.violations).toEqual([]);
  });
};
