// The EDUs that say what waits for a destination: messages to devices, changed device lists, users it has not heard of.
// Server-Server API, "Device Management", "End-to-End Encryption", "Send-to-device messaging".

import { createHash } from 'node:crypto';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { Introduction, OutboundMessage, OwnDeviceChange } from '../../storage/stores/outgoing-edus.ts';
import { deviceMembers, type OwnKeys } from './own-devices.ts';

/** EDUs that stand at one position. */
export interface EduEntry {
  readonly position: number;
  readonly edus: readonly JsonObject[];
}

/** Devices of one user that a new neighbour is told of: from the first it knows that it has to ask. */
const DEVICES_INTRODUCED_MAX = 20;

/** Of each device, and of each user's cross-signing keys, the last change: that says all. */
export const latestOfEach = (changes: readonly OwnDeviceChange[]): OwnDeviceChange[] => {
  const latest = new Map<string, OwnDeviceChange>();
  for (const change of changes) latest.set(`${change.user} ${change.deviceId ?? ''}`, change);
  return [...latest.values()].sort((a, b) => a.position - b.position);
};

export const messageEntry = ({ position, sender, type, messages }: OutboundMessage): EduEntry => {
  // A position alone would come again when the database is put back to an older state.
  const hash = createHash('sha256').update(type).update(messages).digest('base64url').slice(0, 12);
  const content = { sender, type, message_id: `${position}-${hash}`, messages: JSON.parse(messages) as JsonObject };
  return { position, edus: [{ edu_type: 'm.direct_to_device', content }] };
};

/** `latestBefore`: of each user the last change of a device that the destination was told of. */
export const changeEntries = (
  changes: readonly OwnDeviceChange[],
  latestBefore: ReadonlyMap<number, number>,
  keysOf: (userId: UserId) => OwnKeys,
): EduEntry[] => {
  const previous = new Map(latestBefore);
  return changes.map(({ position, user, userId, deviceId }): EduEntry => {
    const keys = keysOf(userId);
    if (deviceId === null) return { position, edus: signingKeyUpdate(userId, keys) };
    const before = previous.get(user);
    previous.set(user, position);
    const prevIds = before === undefined ? [] : [before];
    const about = membersOf(keys, deviceId) ?? { deleted: true };
    return { position, edus: [deviceUpdate({ userId, deviceId, streamId: position, prevIds }, about)] };
  });
};

/** All devices of the user, also those without keys, as their latest change left them: no prev_id, so nothing is taken for complete. */
export const introductionEntry = (
  { position, userId }: Introduction,
  streamId: number | undefined,
  deviceIds: readonly string[],
  keys: OwnKeys,
): EduEntry => ({
  position,
  edus: deviceIds
    .slice(0, DEVICES_INTRODUCED_MAX)
    .map((deviceId) =>
      deviceUpdate({ userId, deviceId, streamId: streamId ?? position, prevIds: [] }, membersOf(keys, deviceId) ?? {}),
    ),
});

const membersOf = ({ devices }: OwnKeys, deviceId: string): JsonObject | undefined => {
  const keys = Object.hasOwn(devices, deviceId) ? devices[deviceId] : undefined;
  return keys && deviceMembers(keys);
};

interface UpdateHead {
  readonly userId: UserId;
  readonly deviceId: string;
  readonly streamId: number;
  readonly prevIds: readonly number[];
}

const deviceUpdate = ({ userId, deviceId, streamId, prevIds }: UpdateHead, about: JsonObject): JsonObject => ({
  edu_type: 'm.device_list_update',
  content: { user_id: userId, device_id: deviceId, stream_id: streamId, prev_id: [...prevIds], ...about },
});

const signingKeyUpdate = (userId: UserId, { master, selfSigning }: OwnKeys): JsonObject[] => {
  if (!master) return [];
  const content = { user_id: userId, master_key: master, ...(selfSigning && { self_signing_key: selfSigning }) };
  return [{ edu_type: 'm.signing_key_update', content }];
};
