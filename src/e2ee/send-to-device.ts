// Messages to devices, of this server and of others. Client-Server API, "Send-to-Device messaging".

import { invalidParam } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { ServerName, UserId } from '../protocol/ids/branded.ts';
import { fitsIdLimit } from '../protocol/ids/byte-limit.ts';
import type { Database } from '../storage/database.ts';
import { sendToDevice as sendToDeviceWriter } from '../storage/stores/to-device.ts';
import { byServer } from './by-server.ts';
import type { KeyOwner } from './key-owner.ts';
import { bounded, toDeviceContentSizeBytesMax } from './limits.ts';

export interface ToDeviceRequest {
  readonly type: string;
  readonly txnId: string;
  /** By user, then by device id or `*`. */
  readonly messages: ReadonlyMap<UserId, Readonly<Record<string, JsonObject>>>;
}

export interface ToDeviceDeps {
  readonly db: Database;
  readonly serverName: ServerName;
}

/**
 * Delivers to the queues of this server's devices and into those of other servers; resolves when all is on disk. A repeated
 * transaction does nothing. Throws M_TOO_LARGE for a message over 64 KiB.
 */
export const sendToDevice = async (
  { db, serverName }: ToDeviceDeps,
  sender: KeyOwner,
  { type, txnId, messages }: ToDeviceRequest,
  now: number,
): Promise<void> => {
  if (!fitsIdLimit(type)) throw invalidParam('The event type is too long.');
  if (!fitsIdLimit(txnId)) throw invalidParam('The transaction ID is too long.');
  const { local, remote } = byServer(messages, serverName);
  await db.write(sendToDeviceWriter, {
    transaction: { device: sender.device, txnId },
    sender: sender.user,
    type,
    local: [...local].map(([userId, byDevice]) => ({ userId, messages: textsOf(byDevice) })),
    remote: [...remote].map(([destination, users]) => ({ destination, messages: objectOf(users) })),
    now,
  });
};

const textsOf = (byDevice: Readonly<Record<string, JsonObject>>): [string, string][] =>
  Object.entries(byDevice).map(([deviceId, content]) => [deviceId, contentText(content)]);

const contentText = (content: JsonObject): string =>
  bounded(JSON.stringify(content), toDeviceContentSizeBytesMax, 'A message to a device');

/** `{"@user:server":{"DEVICE":{…}}}`. */
const objectOf = (users: ReadonlyMap<UserId, Readonly<Record<string, JsonObject>>>): string => {
  const ofUser = (byDevice: Readonly<Record<string, JsonObject>>): string =>
    textsOf(byDevice)
      .map(([deviceId, text]) => `${JSON.stringify(deviceId)}:${text}`)
      .join(',');
  return `{${[...users].map(([userId, byDevice]) => `${JSON.stringify(userId)}:{${ofUser(byDevice)}}`).join(',')}}`;
};
