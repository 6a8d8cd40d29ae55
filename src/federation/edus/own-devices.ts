// What other servers are told of a user here: all devices at once, or each change. Server-Server API, "Device Management".

import type { E2ee } from '../../e2ee/e2ee.ts';
import { notFound } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { Database } from '../../storage/database.ts';
import { findAccount } from '../../storage/stores/accounts.ts';
import { latestDeviceChanges } from '../../storage/stores/outgoing-edus.ts';

export interface OwnDevicesDeps {
  readonly db: Database;
  readonly e2ee: Pick<E2ee, 'queryKeysForServer'>;
}

/** A user's keys as other servers may see them; devices without keys are absent. */
export interface OwnKeys {
  readonly devices: Readonly<Record<string, JsonObject>>;
  readonly master: JsonObject | undefined;
  readonly selfSigning: JsonObject | undefined;
}

export const ownKeysOf = async (
  { e2ee }: Pick<OwnDevicesDeps, 'e2ee'>,
  userIds: readonly UserId[],
): Promise<(userId: UserId) => OwnKeys> => {
  const found = await e2ee.queryKeysForServer(new Map(userIds.map((userId) => [userId, []])));
  return (userId) => ({
    devices: found.device_keys[userId] ?? {},
    master: found.master_keys[userId],
    selfSigning: found.self_signing_keys[userId],
  });
};

/** `keys` and `device_display_name` of a device with keys. */
export const deviceMembers = ({ unsigned, ...keys }: JsonObject): JsonObject => {
  const name = (unsigned as { device_display_name?: string } | undefined)?.device_display_name;
  return { keys, ...(name !== undefined && { device_display_name: name }) };
};

/** The answer to GET /user/devices. Throws M_NOT_FOUND for a user who is not here. */
export const ownDevices = async (deps: OwnDevicesDeps, userId: UserId): Promise<JsonObject> => {
  // Before the keys: a change between the two is told again, and none is missed.
  const streamId = await deps.db.read(async (tx) => {
    const account = await findAccount(tx, userId);
    if (!account || account.deactivatedTs !== null) throw notFound('There is no such user.');
    return (await latestDeviceChanges(tx, [account.user], Number.MAX_SAFE_INTEGER)).get(account.user) ?? 0;
  });
  const { devices, master, selfSigning } = (await ownKeysOf(deps, [userId]))(userId);
  return {
    user_id: userId,
    stream_id: streamId,
    devices: Object.entries(devices).map(([deviceId, keys]) => ({ device_id: deviceId, ...deviceMembers(keys) })),
    ...(master && { master_key: master }),
    ...(selfSigning && { self_signing_key: selfSigning }),
  };
};
