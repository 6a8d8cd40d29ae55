// What waits for other servers to be told of devices: messages, changes of device lists, and whom they newly share a room with.
// Server-Server API, "EDUs".

import type { ServerName, UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { fromStoredText } from '../text.ts';

export interface OutboundMessage {
  readonly position: number;
  readonly sender: UserId;
  readonly type: string;
  /** JSON text: user id to device id to content. */
  readonly messages: string;
}

/** Messages for devices of the destination's users with positions in (after, upTo], in order. */
export const outboundMessages = async (
  tx: ReadTx,
  destination: ServerName,
  after: number,
  upTo: number,
  limit: number,
): Promise<OutboundMessage[]> => {
  const rows = await tx.all<OutboundMessage>(
    `SELECT t.position AS "position", u.user_id AS "sender", t.type AS "type", t.messages AS "messages"
     FROM to_device_outbound t JOIN users u ON u.nid = t.sender
     WHERE t.destination = ? AND t.position > ? AND t.position <= ? ORDER BY t.position LIMIT ?`,
    destination,
    after,
    upTo,
    limit,
  );
  return rows.map((row) => ({ ...row, type: fromStoredText(row.type) }));
};

export interface OwnDeviceChange {
  readonly position: number;
  readonly user: number;
  readonly userId: UserId;
  /** null: the cross-signing keys. */
  readonly deviceId: string | null;
}

/** Changes of keys of this server's users with positions in (after, upTo], in order. */
export const ownDeviceChanges = async (
  tx: ReadTx,
  after: number,
  upTo: number,
  limit: number,
): Promise<OwnDeviceChange[]> => {
  const rows = await tx.all<OwnDeviceChange>(
    `SELECT c.position AS "position", c.user_nid AS "user", u.user_id AS "userId", c.device_id AS "deviceId"
     FROM device_list_changes c JOIN accounts a ON a.user_nid = c.user_nid JOIN users u ON u.nid = c.user_nid
     WHERE c.position > ? AND c.position <= ? ORDER BY c.position LIMIT ?`,
    after,
    upTo,
    limit,
  );
  return rows.map((row) => ({ ...row, deviceId: row.deviceId === null ? null : fromStoredText(row.deviceId) }));
};

/** Of each user the position of the latest change of a device's keys at or before `upTo`; users without one are absent. */
export const latestDeviceChanges = async (
  tx: ReadTx,
  users: readonly number[],
  upTo: number,
): Promise<Map<number, number>> => {
  if (users.length === 0) return new Map();
  const rows = await tx.all<{ user: number; position: number }>(
    `SELECT user_nid AS "user", max(position) AS "position" FROM device_list_changes
     WHERE ${tx.dialect.anyInt('user_nid')} AND device_id IS NOT NULL AND position <= ? GROUP BY user_nid`,
    tx.dialect.list(users),
    upTo,
  );
  return new Map(rows.map((row) => [row.user, row.position]));
};

export interface Introduction {
  readonly position: number;
  readonly user: number;
  readonly userId: UserId;
}

/** Users of whom the destination has to be told with positions in (after, upTo], in order. */
export const introductionsFor = (
  tx: ReadTx,
  destination: ServerName,
  after: number,
  upTo: number,
  limit: number,
): Promise<Introduction[]> =>
  tx.all(
    `SELECT i.position AS "position", i.user_nid AS "user", u.user_id AS "userId"
     FROM device_introductions i JOIN users u ON u.nid = i.user_nid
     WHERE i.destination = ? AND i.position > ? AND i.position <= ? ORDER BY i.position, i.user_nid LIMIT ?`,
    destination,
    after,
    upTo,
    limit,
  );

/** Servers for which messages or introductions wait with positions in (after, upTo]. */
export const destinationsWaitedFor = async (tx: ReadTx, after: number, upTo: number): Promise<ServerName[]> => {
  const rows = await tx.all<{ destination: ServerName }>(
    `SELECT destination AS "destination" FROM to_device_outbound WHERE position > ? AND position <= ?
     UNION SELECT destination FROM device_introductions WHERE position > ? AND position <= ?`,
    after,
    upTo,
    after,
    upTo,
  );
  return rows.map((row) => row.destination);
};

/** The destination has all up to the position. */
export const deleteDeliveredEdus = writer(
  'deleteDeliveredEdus',
  async (tx, { destination, upTo }: { destination: ServerName; upTo: number }): Promise<void> => {
    await tx.run('DELETE FROM to_device_outbound WHERE destination = ? AND position <= ?', destination, upTo);
    await tx.run('DELETE FROM device_introductions WHERE destination = ? AND position <= ?', destination, upTo);
  },
);

export const hasDeliveredEdus = async (tx: ReadTx, destination: ServerName, upTo: number): Promise<boolean> =>
  (await tx.get(
    `SELECT 1 FROM to_device_outbound WHERE destination = ? AND position <= ?
     UNION ALL SELECT 1 FROM device_introductions WHERE destination = ? AND position <= ? LIMIT 1`,
    destination,
    upTo,
    destination,
    upTo,
  )) !== undefined;

export interface OwnJoin {
  readonly user: number;
  readonly userId: UserId;
  readonly room: number;
  readonly position: number;
}

/** This server's users who came into rooms in (after, upTo] and are there still, in order. */
export const ownJoins = (tx: ReadTx, after: number, upTo: number, limit: number): Promise<OwnJoin[]> =>
  tx.all(
    `SELECT m.user_nid AS "user", u.user_id AS "userId", m.room AS "room", m.position AS "position"
     FROM memberships m JOIN users u ON u.nid = m.user_nid
     WHERE m.position > ? AND m.position <= ? AND m.since_position > ? AND m.is_local = 1 AND m.membership = 'join'
     ORDER BY m.position, m.user_nid, m.room LIMIT ?`,
    after,
    upTo,
    after,
    limit,
  );

export interface OthersJoin {
  readonly userId: UserId;
  readonly room: number;
}

/** Users of other servers who came into rooms in (after, upTo], the last ones first. */
export const othersJoins = (tx: ReadTx, after: number, upTo: number, limit: number): Promise<OthersJoin[]> =>
  tx.all(
    `SELECT u.user_id AS "userId", m.room AS "room" FROM memberships m JOIN users u ON u.nid = m.user_nid
     WHERE m.position > ? AND m.position <= ? AND m.since_position > ? AND m.is_local = 0 AND m.membership = 'join'
     ORDER BY m.position DESC, m.user_nid LIMIT ?`,
    after,
    upTo,
    after,
    limit,
  );

export interface DeviceIntroduction {
  readonly user: number;
  readonly destinations: readonly ServerName[];
}

export const insertIntroductions = async (tx: WriteTx, introductions: readonly DeviceIntroduction[]): Promise<void> => {
  for (const { user, destinations } of introductions) {
    if (destinations.length === 0) continue;
    const position = await tx.nextPosition({ user });
    await tx.runMany(
      'INSERT INTO device_introductions (destination, position, user_nid) VALUES (?, ?, ?)',
      destinations.map((destination) => [destination, position, user]),
    );
  }
};

/** Has the destinations told of the users' devices. */
export const introduceDevices = writer('introduceDevices', insertIntroductions);
