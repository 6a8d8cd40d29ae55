// Messages to devices: kept in order until the device has acknowledged them. Client-Server API, "Send-to-Device messaging".

import type { ServerName, UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { fromStoredText, toStoredText } from '../text.ts';

/** Waiting messages of a device that nobody opens any more; beyond it the oldest go. */
const WAITING_MAX = 20_000;
/** The same for a server that cannot be reached. */
const OUTBOUND_WAITING_MAX = 20_000;
/** Queues are measured once in so many positions: counting costs as much as the queue is long. */
const TRIM_EVERY = 256;

/** Device id, or `*` for all devices of the user, to the message's content as JSON text. */
export type DeviceMessages = readonly (readonly [deviceId: string, content: string])[];

export interface Delivery {
  /** The sender's nid. */
  readonly sender: number;
  readonly type: string;
  /** Recipients of this server. Users and devices that do not exist are passed over. */
  readonly local: readonly { readonly userId: UserId; readonly messages: DeviceMessages }[];
}

export interface ToDeviceSend extends Delivery {
  /** The sender's device and id of the transaction. */
  readonly transaction: { readonly device: number; readonly txnId: string };
  /** For other servers: a JSON object of user id to device id to content. */
  readonly remote: readonly { readonly destination: ServerName; readonly messages: string }[];
  readonly now: number;
}

/** Delivers once for each transaction: false when this one was here before. */
export const sendToDevice = writer('sendToDevice', async (tx, send: ToDeviceSend): Promise<boolean> => {
  const { device, txnId } = send.transaction;
  const isNew = await tx.run(
    'INSERT INTO to_device_transactions (device, type, txn_id, created_ts) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
    device,
    toStoredText(send.type),
    toStoredText(txnId),
    send.now,
  );
  if (isNew === 0) return false;
  await deliverToDevices(tx, send);
  for (const { destination, messages } of send.remote) {
    const position = await tx.nextPosition({ user: send.sender });
    await tx.run(
      'INSERT INTO to_device_outbound (destination, position, sender, type, messages) VALUES (?, ?, ?, ?, ?)',
      destination,
      position,
      send.sender,
      toStoredText(send.type),
      messages,
    );
    if (position % TRIM_EVERY === 0) await trimOutbound(tx, destination);
  }
  return true;
});

/** Puts messages into the queues of this server's devices and wakes their users. */
export const deliverToDevices = async (tx: WriteTx, delivery: Delivery): Promise<void> => {
  for (const { userId, messages } of delivery.local) {
    const devices = await tx.all<{ user: number; device: number; deviceId: string }>(
      `SELECT u.nid AS "user", d.nid AS "device", d.device_id AS "deviceId"
       FROM users u JOIN devices d ON d.user_nid = u.nid WHERE u.user_id = ? ORDER BY d.nid`,
      userId,
    );
    const byDevice = new Map(messages);
    const received = devices.flatMap((row) => {
      const content = byDevice.get(fromStoredText(row.deviceId)) ?? byDevice.get('*');
      return content === undefined ? [] : [{ ...row, content }];
    });
    if (received.length === 0) continue;
    // "Only one message can be sent to each device per transaction", so a user's devices share the position.
    const position = await tx.nextPosition({ user: received[0]!.user });
    await tx.runMany(
      'INSERT INTO to_device (device, position, sender, type, content) VALUES (?, ?, ?, ?, ?)',
      received.map((row) => [row.device, position, delivery.sender, toStoredText(delivery.type), row.content]),
    );
    if (position % TRIM_EVERY === 0) for (const { device } of received) await trimQueue(tx, device);
  }
};

const trimQueue = (tx: WriteTx, device: number): Promise<number> =>
  tx.run(
    `DELETE FROM to_device WHERE device = ? AND position <=
       (SELECT position FROM to_device WHERE device = ? ORDER BY position DESC LIMIT 1 OFFSET ?)`,
    device,
    device,
    WAITING_MAX,
  );

const trimOutbound = (tx: WriteTx, destination: ServerName): Promise<number> =>
  tx.run(
    `DELETE FROM to_device_outbound WHERE destination = ? AND position <=
       (SELECT position FROM to_device_outbound WHERE destination = ? ORDER BY position DESC LIMIT 1 OFFSET ?)`,
    destination,
    destination,
    OUTBOUND_WAITING_MAX,
  );

export interface ToDeviceMessage {
  readonly position: number;
  readonly sender: UserId;
  readonly type: string;
  /** JSON text of an object. */
  readonly content: string;
}

export interface ToDeviceBatch {
  /** In order of arrival. */
  readonly messages: readonly ToDeviceMessage[];
  /** What the device acknowledges by the next sync: `until`, or the last message's position when more are waiting. */
  readonly upTo: number;
}

/** Messages to a device in (since, until]; "100 messages is recommended as a reasonable limit". */
export const toDeviceSince = async (
  tx: ReadTx,
  device: number,
  since: number,
  until: number,
  limit = 100,
): Promise<ToDeviceBatch> => {
  const rows = await tx.all<ToDeviceMessage>(
    `SELECT t.position AS "position", u.user_id AS "sender", t.type AS "type", t.content AS "content"
     FROM to_device t JOIN users u ON u.nid = t.sender
     WHERE t.device = ? AND t.position > ? AND t.position <= ? ORDER BY t.position LIMIT ?`,
    device,
    since,
    until,
    limit + 1,
  );
  const messages = rows.slice(0, limit).map((row) => ({ ...row, type: fromStoredText(row.type) }));
  return { messages, upTo: rows.length > limit ? messages.at(-1)!.position : until };
};

/** Whether there is anything to delete up to a position, so that most syncs need no write. */
export const hasToDeviceUpTo = async (tx: ReadTx, device: number, position: number): Promise<boolean> =>
  (await tx.get('SELECT 1 FROM to_device WHERE device = ? AND position <= ? LIMIT 1', device, position)) !== undefined;

/** The device has them: it synced with a token that was given out with them. */
export const deleteToDeviceUpTo = writer(
  'deleteToDeviceUpTo',
  (tx, args: { device: number; position: number }): Promise<number> =>
    tx.run('DELETE FROM to_device WHERE device = ? AND position <= ?', args.device, args.position),
);
