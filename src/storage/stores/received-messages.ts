// Messages to devices that other servers brought: each is delivered once. Server-Server API, "Send-to-device messaging".

import type { ServerName, UserId } from '../../protocol/ids/branded.ts';
import type { WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { toStoredText } from '../text.ts';
import { internUser } from './names.ts';
import { type DeviceMessages, deliverToDevices } from './to-device.ts';

export interface ReceivedMessage {
  readonly sender: UserId;
  readonly type: string;
  /** "Unique ID for the message, used for idempotence." */
  readonly messageId: string;
  /** Recipients of this server. */
  readonly local: readonly { readonly userId: UserId; readonly messages: DeviceMessages }[];
}

/** Delivers what the origin did not bring before, in order. */
export const receiveMessages = writer(
  'receiveMessages',
  async (
    tx,
    args: { origin: ServerName; messages: readonly ReceivedMessage[]; now: number },
  ): Promise<{ delivered: number }> => {
    let delivered = 0;
    for (const message of args.messages) {
      if (!(await isNew(tx, args.origin, message.messageId, args.now))) continue;
      const sender = await internUser(tx, message.sender);
      await deliverToDevices(tx, { sender, type: message.type, local: message.local });
      delivered += 1;
    }
    return { delivered };
  },
);

const isNew = async (tx: WriteTx, origin: ServerName, messageId: string, now: number): Promise<boolean> =>
  (await tx.run(
    'INSERT INTO received_messages (origin, message_id, received_ts) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    origin,
    toStoredText(messageId),
    now,
  )) > 0;

const FORGOTTEN_AT_ONCE = 1_000;

/** Forgets ids of messages that came before `before` (milliseconds); true: there may be more. */
export const forgetReceivedMessages = writer('forgetReceivedMessages', async (tx, before: number): Promise<boolean> => {
  const last = await tx.get<{ ts: number }>(
    'SELECT received_ts AS "ts" FROM received_messages WHERE received_ts < ? ORDER BY received_ts LIMIT 1 OFFSET ?',
    before,
    FORGOTTEN_AT_ONCE,
  );
  await tx.run('DELETE FROM received_messages WHERE received_ts < ?', last ? last.ts + 1 : before);
  return last !== undefined;
});
