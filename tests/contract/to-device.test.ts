// Messages to devices: once for each transaction, in order, kept until acknowledged.

import { expect, test } from 'vitest';
import type { KeyOwner } from '../../src/e2ee/key-owner.ts';
import { sendToDevice } from '../../src/e2ee/send-to-device.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { ServerName, UserId } from '../../src/protocol/ids/branded.ts';
import type { Database } from '../../src/storage/database.ts';
import { deleteDevices } from '../../src/storage/stores/device-removal.ts';
import { deleteToDeviceUpTo, hasToDeviceUpTo, toDeviceSince } from '../../src/storage/stores/to-device.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { owner, serverName } from '../harness/e2ee-people.ts';

const FAR = Number.MAX_SAFE_INTEGER;

const send = (
  database: Database,
  sender: KeyOwner,
  txnId: string,
  messages: Record<string, Record<string, JsonObject>>,
): Promise<void> =>
  sendToDevice(
    { db: database, serverName: serverName as ServerName },
    sender,
    { type: 'm.test', txnId, messages: new Map(Object.entries(messages) as [UserId, Record<string, JsonObject>][]) },
    1,
  );

const received = async (database: Database, { device }: KeyOwner, since = 0): Promise<unknown[]> => {
  const { messages } = await database.read((tx) => toDeviceSince(tx, device, since, FAR));
  return messages.map(({ content }) => (JSON.parse(content) as { n: unknown }).n);
};

describeOnBothEngines('messages to devices', (open) => {
  test('reach the named device, with sender and type', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const phone = await owner(database, 'bob', 'PHONE');
    const laptop = await owner(database, 'bob', 'LAPTOP');
    await send(database, alice, 't1', { [phone.userId]: { PHONE: { n: 1 } } });
    const { messages } = await database.read((tx) => toDeviceSince(tx, phone.device, 0, FAR));
    expect(messages).toEqual([
      { position: expect.any(Number), sender: alice.userId, type: 'm.test', content: '{"n":1}' },
    ]);
    expect(await received(database, laptop)).toEqual([]);
  });

  test('* reaches all devices but those with a message of their own', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const phone = await owner(database, 'bob', 'PHONE');
    const laptop = await owner(database, 'bob', 'LAPTOP');
    await send(database, alice, 't1', { [phone.userId]: { '*': { n: 'all' }, PHONE: { n: 'phone' } } });
    expect(await received(database, phone)).toEqual(['phone']);
    expect(await received(database, laptop)).toEqual(['all']);
  });

  test('a transaction that is repeated, even at the same time, delivers once', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const bob = await owner(database, 'bob');
    await Promise.all(
      Array.from({ length: 16 }, () => send(database, alice, 't1', { [bob.userId]: { DEVICE: { n: 1 } } })),
    );
    await send(database, alice, 't1', { [bob.userId]: { DEVICE: { n: 2 } } });
    expect(await received(database, bob)).toEqual([1]);
    const other = await owner(database, 'alice', 'OTHER');
    await send(database, other, 't1', { [bob.userId]: { DEVICE: { n: 3 } } });
    expect(await received(database, bob)).toEqual([1, 3]);
  });

  test('are read in order in batches, and go once they are acknowledged', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const bob = await owner(database, 'bob');
    for (let n = 0; n < 7; n++) await send(database, alice, `t${n}`, { [bob.userId]: { DEVICE: { n } } });
    const first = await database.read((tx) => toDeviceSince(tx, bob.device, 0, FAR, 5));
    expect(first.messages.map(({ content }) => content)).toEqual([0, 1, 2, 3, 4].map((n) => `{"n":${n}}`));
    expect(first.upTo).toBe(first.messages[4]!.position);
    // Not acknowledged: a client that lost the answer asks again.
    expect(await received(database, bob)).toHaveLength(7);
    expect(await database.read((tx) => hasToDeviceUpTo(tx, bob.device, first.upTo))).toBe(true);
    expect(await database.write(deleteToDeviceUpTo, { device: bob.device, position: first.upTo })).toBe(5);
    expect(await received(database, bob, first.upTo)).toEqual([5, 6]);
    const rest = await database.read((tx) => toDeviceSince(tx, bob.device, first.upTo, FAR, 5));
    expect(rest.upTo).toBe(FAR);
  });

  test('wake their recipients', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const bob = await owner(database, 'bob');
    const woken: unknown[] = [];
    database.onCommit(({ changes }) => woken.push(...changes.map((change) => change.audience)));
    await send(database, alice, 't1', { [bob.userId]: { DEVICE: { n: 1 } } });
    expect(woken).toEqual([{ user: bob.user }]);
  });

  test('to nobody and to unknown devices are passed over; to other servers they wait', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    await owner(database, 'bob');
    await send(database, alice, 't1', {
      [`@nobody:${serverName}`]: { '*': { n: 1 } },
      [`@bob:${serverName}`]: { UNKNOWN: { n: 1 } },
      '@carol:elsewhere.test': { A: { n: 1 }, '*': { n: 2 } },
      '@dave:elsewhere.test': { B: { n: 3 } },
    });
    const waiting = await database.read((tx) =>
      tx.all<{ destination: string; messages: string }>('SELECT destination, messages FROM to_device_outbound'),
    );
    expect(waiting.map(({ destination, messages }) => [destination, JSON.parse(messages)])).toEqual([
      [
        'elsewhere.test',
        { '@carol:elsewhere.test': { A: { n: 1 }, '*': { n: 2 } }, '@dave:elsewhere.test': { B: { n: 3 } } },
      ],
    ]);
  });

  test('a message over 64 KiB is refused', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const big = { n: 'x'.repeat(64 * 1024) };
    await expect(send(database, alice, 't1', { [alice.userId]: { DEVICE: big } })).rejects.toMatchObject({
      status: 413,
      errcode: 'M_TOO_LARGE',
    });
  });

  test('go with their device', async () => {
    const database = await open();
    const alice = await owner(database, 'alice');
    const bob = await owner(database, 'bob');
    await send(database, alice, 't1', { [bob.userId]: { DEVICE: { n: 1 } } });
    await database.write(deleteDevices, { user: bob.user, deviceIds: ['DEVICE'] });
    const again = await owner(database, 'bob');
    expect(await received(database, bob)).toEqual([]);
    expect(await received(database, again)).toEqual([]);
  });
});
