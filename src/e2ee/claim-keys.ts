// One-time keys of other users' devices, for new encrypted sessions. Client-Server API, POST /keys/claim.

import { slicesOf } from '../lib/slices-of.ts';
import type { Json, JsonObject } from '../protocol/events/json.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import type { Database } from '../storage/database.ts';
import { findDevices } from '../storage/stores/device-keys.ts';
import { claimKeys } from '../storage/stores/one-time-keys.ts';
import type { ClaimedKeys, KeysWanted } from './ports.ts';

/** Claims of one writer: others' writes wait behind it. */
const CLAIMS_AT_ONCE = 256;

interface Wish {
  readonly userId: UserId;
  readonly deviceId: string;
  readonly algorithm: string;
}

/** Of this server's devices. Devices that are unknown or have no key left are absent. */
export const claimLocalKeys = async (db: Database, wanted: KeysWanted): Promise<ClaimedKeys> => {
  const wishes = [...wanted].flatMap(([userId, devices]) =>
    [...devices].map(([deviceId, algorithm]): Wish => ({ userId, deviceId, algorithm })),
  );
  const claimed = Object.create(null) as ClaimedKeys;
  for (const some of slicesOf(wishes, CLAIMS_AT_ONCE)) {
    await claimSome(db, some, claimed);
  }
  return claimed;
};

const claimSome = async (db: Database, wishes: readonly Wish[], claimed: ClaimedKeys): Promise<void> => {
  const devices = await db.read((tx) => findDevices(tx, wishes));
  const known = wishes.flatMap((wish, index) => {
    const device = devices[index];
    return device === undefined ? [] : [{ ...wish, device }];
  });
  if (known.length === 0) return;
  const keys = await db.write(
    claimKeys,
    known.map(({ device, algorithm }) => ({ device, algorithm })),
  );
  known.forEach(({ userId, deviceId, algorithm }, index) => {
    const key = keys[index];
    if (!key) return;
    claimed[userId] ??= Object.create(null) as Record<string, JsonObject>;
    claimed[userId][deviceId] = { [`${algorithm}:${key.keyId}`]: JSON.parse(key.content) as Json };
  });
};
