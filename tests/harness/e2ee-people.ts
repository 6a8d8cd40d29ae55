// Users with devices for tests of end-to-end encryption, and keys of theirs.

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { KeyOwner } from '../../src/e2ee/key-owner.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import { unpaddedBase64 } from '../../src/protocol/events/unpadded-base64.ts';
import type { UserId } from '../../src/protocol/ids/branded.ts';
import { signedJsonText } from '../../src/protocol/signing/sign-json.ts';
import type { Database } from '../../src/storage/database.ts';
import { createDevice } from '../../src/storage/stores/devices.ts';
import { internNames } from '../../src/storage/stores/names.ts';

export const serverName = 'kintsugi.test';

/** A user with a device; called again for the same name, one more device of the same user. */
export const owner = async (database: Database, name: string, deviceId = 'DEVICE'): Promise<KeyOwner> => {
  const userId = `@${name}:${serverName}` as UserId;
  const { users } = await database.write(internNames, { users: [userId], types: [], stateKeys: [] });
  const user = users[0]!;
  const { device } = await database.write(createDevice, { user, deviceId, displayName: `${name}'s phone`, now: 1 });
  return { userId, user, deviceId, device };
};

export interface TestKey {
  readonly publicKey: string;
  /** A copy of the object with this key's signature as its only one. */
  sign(object: JsonObject, userId: UserId, keyId?: string): JsonObject;
}

export const newKey = (): TestKey => {
  const pair = generateKeyPairSync('ed25519');
  const publicKey = unpaddedBase64((pair.publicKey.export({ format: 'der', type: 'spki' }) as Buffer).subarray(-32));
  const signature = (object: JsonObject, key: KeyObject): string =>
    unpaddedBase64(sign(null, Buffer.from(signedJsonText(object)), key));
  return {
    publicKey,
    sign: (object, userId, keyId = `ed25519:${publicKey}`) => ({
      ...object,
      signatures: { [userId]: { [keyId]: signature(object, pair.privateKey) } },
    }),
  };
};

/** Device keys signed by the device itself. */
export const deviceKeysOf = ({ userId, deviceId }: KeyOwner, key: TestKey) =>
  key.sign(
    {
      user_id: userId,
      device_id: deviceId,
      algorithms: ['m.olm.v1.curve25519-aes-sha2', 'm.megolm.v1.aes-sha2'],
      keys: { [`ed25519:${deviceId}`]: key.publicKey, [`curve25519:${deviceId}`]: key.publicKey },
    },
    userId,
    `ed25519:${deviceId}`,
  );

/** The public part of a cross-signing key, unsigned. */
export const crossSigningKey = (userId: UserId, usage: string, key: TestKey): JsonObject => ({
  user_id: userId,
  usage: [usage],
  keys: { [`ed25519:${key.publicKey}`]: key.publicKey },
});
