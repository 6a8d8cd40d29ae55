// Pushers: where users want to be notified. Client-Server API, "Push Notifications", POST /pushers/set.

import { invalidParam } from '../../protocol/errors/matrix-error.ts';
import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { fromStoredText, toStoredText } from '../text.ts';

/** Of one user: one for each app on each device is plenty. */
export const PUSHERS_MAX = 100;

export interface StoredPusher {
  readonly nid: number;
  readonly user: number;
  readonly appId: string;
  readonly pushkey: string;
  readonly kind: string;
  readonly appDisplayName: string;
  readonly deviceDisplayName: string;
  readonly profileTag: string | null;
  readonly lang: string;
  /** JSON text of an object. */
  readonly data: string;
  /** Milliseconds. */
  readonly setTs: number;
  /** Only later events are pushed. */
  readonly position: number;
}

const SELECT_PUSHER = `SELECT nid AS "nid", user_nid AS "user", app_id AS "appId", pushkey AS "pushkey", kind AS "kind",
  app_display_name AS "appDisplayName", device_display_name AS "deviceDisplayName", profile_tag AS "profileTag",
  lang AS "lang", data AS "data", set_ts AS "setTs", position AS "position" FROM pushers`;

const readable = (row: StoredPusher): StoredPusher => ({
  ...row,
  appId: fromStoredText(row.appId),
  pushkey: fromStoredText(row.pushkey),
  appDisplayName: fromStoredText(row.appDisplayName),
  deviceDisplayName: fromStoredText(row.deviceDisplayName),
  profileTag: row.profileTag === null ? null : fromStoredText(row.profileTag),
  lang: fromStoredText(row.lang),
});

/** Oldest first. */
export const pushersOf = async (tx: ReadTx, users: readonly number[]): Promise<StoredPusher[]> => {
  if (users.length === 0) return [];
  const rows = await tx.all<StoredPusher>(
    `${SELECT_PUSHER} WHERE ${tx.dialect.anyInt('user_nid')} ORDER BY nid`,
    tx.dialect.list(users),
  );
  return rows.map(readable);
};

export const pusherByNid = async (tx: ReadTx, nid: number): Promise<StoredPusher | undefined> => {
  const row = await tx.get<StoredPusher>(`${SELECT_PUSHER} WHERE nid = ?`, nid);
  return row && readable(row);
};

/** Users with pushers that were set after a position, and the highest such position. */
export const usersOfPushersSince = async (
  tx: ReadTx,
  after: number,
): Promise<{ users: number[]; position: number }> => {
  const rows = await tx.all<{ user: number; position: number }>(
    'SELECT user_nid AS "user", position AS "position" FROM pushers WHERE position > ? ORDER BY position',
    after,
  );
  return { users: rows.map(({ user }) => user), position: rows.at(-1)?.position ?? after };
};

export interface NewPusher extends Omit<StoredPusher, 'nid' | 'position'> {
  readonly device: number;
  /** Whether others may keep a pusher with the same app id and pushkey. */
  readonly append: boolean;
}

/** Throws M_INVALID_PARAM past PUSHERS_MAX. */
export const setPusher = writer('setPusher', async (tx, pusher: NewPusher): Promise<void> => {
  const { user } = pusher;
  const key = [toStoredText(pusher.appId), toStoredText(pusher.pushkey)] as const;
  // "Otherwise, the homeserver must remove any other pushers with the same App ID and pushkey for different users."
  if (!pusher.append) {
    await deleteWithQueue(tx, 'app_id = ? AND pushkey = ? AND user_nid <> ?', ...key, user);
  }
  const others = await tx.get<{ count: number }>(
    'SELECT count(*) AS "count" FROM pushers WHERE user_nid = ? AND NOT (app_id = ? AND pushkey = ?)',
    user,
    ...key,
  );
  if (others!.count >= PUSHERS_MAX) throw invalidParam(`There are ${others!.count} pushers already.`);
  const position = await tx.nextPosition({ user });
  await tx.run(
    `INSERT INTO pushers (user_nid, device, app_id, pushkey, kind, app_display_name, device_display_name, profile_tag,
       lang, data, set_ts, position)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (user_nid, app_id, pushkey) DO UPDATE SET device = excluded.device, kind = excluded.kind,
       app_display_name = excluded.app_display_name, device_display_name = excluded.device_display_name,
       profile_tag = excluded.profile_tag, lang = excluded.lang, data = excluded.data, set_ts = excluded.set_ts`,
    user,
    pusher.device,
    ...key,
    pusher.kind,
    toStoredText(pusher.appDisplayName),
    toStoredText(pusher.deviceDisplayName),
    pusher.profileTag === null ? null : toStoredText(pusher.profileTag),
    toStoredText(pusher.lang),
    pusher.data,
    pusher.setTs,
    position,
  );
});

const deleteWithQueue = async (tx: WriteTx, where: string, ...params: (string | number)[]): Promise<void> => {
  await tx.run(`DELETE FROM push_queue WHERE pusher IN (SELECT nid FROM pushers WHERE ${where})`, ...params);
  await tx.run(`DELETE FROM pushers WHERE ${where}`, ...params);
};

/** With what it has yet to tell. Does nothing when it is not there. */
export const deletePusher = writer(
  'deletePusher',
  (tx, args: { user: number; appId: string; pushkey: string }): Promise<void> =>
    deleteWithQueue(
      tx,
      'user_nid = ? AND app_id = ? AND pushkey = ?',
      args.user,
      toStoredText(args.appId),
      toStoredText(args.pushkey),
    ),
);

/** Its gateway does not want it any more. */
export const deletePusherByNid = writer(
  'deletePusherByNid',
  (tx, nid: number): Promise<void> => deleteWithQueue(tx, 'nid = ?', nid),
);

export const deletePushersOfDevices = async (
  tx: WriteTx,
  user: number,
  deviceIds: readonly string[],
): Promise<void> => {
  const where = `device IN (SELECT nid FROM devices WHERE user_nid = ? AND ${tx.dialect.anyText('device_id')})`;
  const list = tx.dialect.list(deviceIds.map(toStoredText));
  await tx.run(`DELETE FROM push_queue WHERE pusher IN (SELECT nid FROM pushers WHERE ${where})`, user, list);
  await tx.run(`DELETE FROM pushers WHERE ${where}`, user, list);
};
