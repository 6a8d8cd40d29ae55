// What EDUs are made of and what becomes of them: messages delivered once, changes and introductions that wait for other servers.

import { expect, test } from 'vitest';
import type { ServerName, UserId } from '../../src/protocol/ids/branded.ts';
import type { Database } from '../../src/storage/database.ts';
import { createAccount } from '../../src/storage/stores/accounts.ts';
import { uploadKeys } from '../../src/storage/stores/device-keys.ts';
import { deleteDevices } from '../../src/storage/stores/device-removal.ts';
import { internNames } from '../../src/storage/stores/names.ts';
import {
  deleteDeliveredEdus,
  destinationsWaitedFor,
  hasDeliveredEdus,
  introduceDevices,
  introductionsFor,
  latestDeviceChanges,
  outboundMessages,
  ownDeviceChanges,
} from '../../src/storage/stores/outgoing-edus.ts';
import { forgetReceivedMessages, receiveMessages } from '../../src/storage/stores/received-messages.ts';
import { sendToDevice, toDeviceSince } from '../../src/storage/stores/to-device.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { owner } from '../harness/e2ee-people.ts';

const FAR = Number.MAX_SAFE_INTEGER;
const there = 'there.test' as ServerName;
const elsewhere = 'elsewhere.test' as ServerName;

describeOnBothEngines('messages from other servers', (open) => {
  const receive = (database: Database, origin: ServerName, messageId: string, n: number, now = 1) =>
    database.write(receiveMessages, {
      origin,
      messages: [
        {
          sender: `@bob:${origin}` as UserId,
          type: 'm.test',
          messageId,
          local: [{ userId: '@alice:kintsugi.test' as UserId, messages: [['*', JSON.stringify({ n })]] }],
        },
      ],
      now,
    });

  test('are delivered once by origin and message id', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    expect(await receive(database, there, 'id', 1)).toEqual({ delivered: 1 });
    expect(await receive(database, there, 'id', 2)).toEqual({ delivered: 0 });
    expect(await receive(database, elsewhere, 'id', 3)).toEqual({ delivered: 1 });
    const { messages } = await database.read((tx) => toDeviceSince(tx, alice.device, 0, FAR));
    expect(messages.map(({ sender, content }) => [sender, content])).toEqual([
      ['@bob:there.test', '{"n":1}'],
      ['@bob:elsewhere.test', '{"n":3}'],
    ]);
  });

  test('their ids are forgotten after a while', async () => {
    const database = await open();
    await owner(database, 'alice');
    await receive(database, there, 'old', 1, 10);
    await receive(database, there, 'new', 1, 20);
    expect(await database.write(forgetReceivedMessages, 15)).toBe(false);
    expect(await receive(database, there, 'old', 1, 30)).toEqual({ delivered: 1 });
    expect(await receive(database, there, 'new', 1, 30)).toEqual({ delivered: 0 });
  });
});

describeOnBothEngines('what waits for other servers', (open) => {
  const changeKeys = (database: Database, { user, device, deviceId }: Awaited<ReturnType<typeof owner>>, n: number) =>
    database.write(uploadKeys, {
      user,
      device,
      deviceId,
      deviceKeys: JSON.stringify({ n }),
      oneTimeKeys: [],
      fallbackKeys: [],
    });

  test('messages stand in order for their destination until it has them', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    for (const [txnId, destination] of [
      ['1', there],
      ['2', elsewhere],
      ['3', there],
    ] as const) {
      await database.write(sendToDevice, {
        transaction: { device: alice.device, txnId },
        sender: alice.user,
        type: 'm.test',
        local: [],
        remote: [{ destination, messages: `{"n":${txnId}}` }],
        now: 1,
      });
    }
    const waiting = await database.read((tx) => outboundMessages(tx, there, 0, FAR, 10));
    expect(waiting.map(({ sender, messages }) => [sender, messages])).toEqual([
      [alice.userId, '{"n":1}'],
      [alice.userId, '{"n":3}'],
    ]);
    const [first, last] = waiting;
    expect(await database.read((tx) => outboundMessages(tx, there, first!.position, FAR, 10))).toEqual([last]);
    expect(await database.read((tx) => destinationsWaitedFor(tx, first!.position, FAR))).toHaveLength(2);
    expect(await database.read((tx) => destinationsWaitedFor(tx, last!.position, FAR))).toEqual([]);
    expect(await database.read((tx) => hasDeliveredEdus(tx, there, first!.position - 1))).toBe(false);
    expect(await database.read((tx) => hasDeliveredEdus(tx, there, first!.position))).toBe(true);
    await database.write(deleteDeliveredEdus, { destination: there, upTo: first!.position });
    expect(await database.read((tx) => outboundMessages(tx, there, 0, FAR, 10))).toEqual([last]);
    expect(await database.read((tx) => outboundMessages(tx, elsewhere, 0, FAR, 10))).toHaveLength(1);
  });

  test('changes are those of accounts here', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const guest = await owner(database, 'not-an-account');
    await database.write(createAccount, {
      userId: alice.userId,
      passwordHash: null,
      displayname: null,
      isGuest: false,
      isAdmin: false,
      appservice: null,
      termsVersion: null,
      registrationToken: null,
      now: 1,
    });
    await changeKeys(database, guest, 1);
    await changeKeys(database, alice, 1);
    await changeKeys(database, alice, 2);
    await database.write(deleteDevices, { user: alice.user, deviceIds: ['DEVICE'] });
    const changes = await database.read((tx) => ownDeviceChanges(tx, 0, FAR, 10));
    expect(changes.map(({ userId, deviceId }) => [userId, deviceId])).toEqual(
      [1, 2, 3].map(() => [alice.userId, 'DEVICE']),
    );
    const [first, second, third] = changes.map(({ position }) => position) as [number, number, number];
    expect(await database.read((tx) => ownDeviceChanges(tx, first, second, 10))).toEqual([changes[1]]);
    const latest = (upTo: number) => database.read((tx) => latestDeviceChanges(tx, [alice.user], upTo));
    expect((await latest(first)).get(alice.user)).toBe(first);
    expect((await latest(FAR)).get(alice.user)).toBe(third);
    expect((await latest(first - 1)).size).toBe(0);
  });

  test('introductions wait for each destination', async () => {
    const database = await open();
    const { users } = await database.write(internNames, {
      users: ['@a:kintsugi.test' as UserId, '@b:kintsugi.test' as UserId],
      types: [],
      stateKeys: [],
    });
    await database.write(introduceDevices, [
      { user: users[0]!, destinations: [there, elsewhere] },
      { user: users[1]!, destinations: [there] },
    ]);
    const found = await database.read((tx) => introductionsFor(tx, there, 0, FAR, 10));
    expect(found.map(({ userId }) => userId)).toEqual(['@a:kintsugi.test', '@b:kintsugi.test']);
    expect(await database.read((tx) => introductionsFor(tx, elsewhere, 0, FAR, 10))).toHaveLength(1);
    await database.write(deleteDeliveredEdus, { destination: there, upTo: FAR });
    expect(await database.read((tx) => destinationsWaitedFor(tx, 0, FAR))).toEqual([elsewhere]);
  });
});
