// Keys of users as their servers tell them, checked before they are kept or shown. What does not hold is as if it were not there.
// Server-Server API, "End-to-End Encryption".

import { deviceKeysSizeBytesMax } from '../../../e2ee/limits.ts';
import { keptText } from '../../../e2ee/own-signatures.ts';
import { type ParsedKey, parseCrossSigningKey } from '../../../e2ee/upload-cross-signing-keys.ts';
import { MatrixError } from '../../../protocol/errors/matrix-error.ts';
import { isJsonObject, type Json, type JsonObject } from '../../../protocol/events/json.ts';
import type { UserId } from '../../../protocol/ids/branded.ts';
import { fitsIdLimit } from '../../../protocol/ids/byte-limit.ts';
import { verifyJsonAsync } from '../../../protocol/signing/sign-json.ts';
import type { CrossSigningKey, KeyUsage } from '../../../storage/stores/cross-signing.ts';
import type { RemoteDevice } from '../../../storage/stores/remote-devices.ts';

const DISPLAY_NAME_LENGTH_MAX = 256;

export const isDeviceId = (value: Json | undefined): value is string =>
  typeof value === 'string' && value !== '' && fitsIdLimit(value);

/** undefined: the keys are not this device's, or malformed. Without keys: a device that does not encrypt. */
export const readDevice = (
  userId: UserId,
  deviceId: string,
  keys: Json | undefined,
  displayName: Json | undefined,
): RemoteDevice | undefined => {
  const name = typeof displayName === 'string' ? displayName.slice(0, DISPLAY_NAME_LENGTH_MAX) : null;
  if (!isDeviceId(deviceId)) return undefined;
  if (keys === undefined || keys === null) return { deviceId, displayName: name, keys: null };
  const text = isJsonObject(keys) ? deviceKeysText(userId, deviceId, keys) : undefined;
  return text === undefined ? undefined : { deviceId, displayName: name, keys: text };
};

const deviceKeysText = (userId: UserId, deviceId: string, object: JsonObject): string | undefined => {
  const { user_id, device_id, algorithms, keys } = object;
  if (user_id !== userId || device_id !== deviceId || !Array.isArray(algorithms) || !isJsonObject(keys))
    return undefined;
  // "The names of the properties should be in the format <algorithm>:<device_id>."
  const isNamed = Object.entries(keys).every(([name, key]) => name.endsWith(`:${deviceId}`) && typeof key === 'string');
  if (!isNamed) return undefined;
  const text = orUndefined(() => keptText(object, userId));
  return text !== undefined && Buffer.byteLength(text) <= deviceKeysSizeBytesMax ? text : undefined;
};

/** The master key, and the self-signing one when the master key (the given one, else `knownMaster`) signed it. */
export const readCrossSigning = async (
  userId: UserId,
  master: Json | undefined,
  selfSigning: Json | undefined,
  knownMaster?: string,
): Promise<CrossSigningKey[]> => {
  const found: CrossSigningKey[] = [];
  const masterKey = readKey(userId, 'master', master);
  if (masterKey) found.push(stored(masterKey));
  const signer = masterKey?.publicKey ?? knownMaster;
  const selfSigningKey = readKey(userId, 'self_signing', selfSigning);
  if (!selfSigningKey || signer === undefined) return found;
  // "Other keys must be signed by the user's master signing key."
  const isSigned = await verifyJsonAsync(selfSigningKey.object, userId, `ed25519:${signer}`, signer);
  if (isSigned) found.push(stored(selfSigningKey));
  return found;
};

const readKey = (userId: UserId, usage: KeyUsage, key: Json | undefined): ParsedKey | undefined =>
  isJsonObject(key) ? orUndefined(() => parseCrossSigningKey(userId, usage, key)) : undefined;

const stored = ({ usage, publicKey, content }: ParsedKey): CrossSigningKey => ({ usage, publicKey, content });

const orUndefined = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (error instanceof MatrixError) return undefined;
    throw error;
  }
};
