// Asks other servers for the devices and keys of their users. Everything throws PeerError.
// Server-Server API, GET /user/devices, POST /user/keys/query, POST /user/keys/claim.

import type { ClaimedKeys, DevicesWanted, KeysWanted } from '../../../e2ee/ports.ts';
import { slicesOf } from '../../../lib/slices-of.ts';
import { PeerError } from '../../../peers/peer-error.ts';
import type { Peers } from '../../../peers/peers.ts';
import { canonicalJson } from '../../../protocol/canonical-json/canonical-json.ts';
import { asJsonObject, isJsonObject, type Json, type JsonObject } from '../../../protocol/events/json.ts';
import type { ServerName, UserId } from '../../../protocol/ids/branded.ts';
import { NO_STREAM_ID } from '../../../storage/stores/remote-device-lists.ts';
import { type FetchedList, REMOTE_DEVICES_MAX, type RemoteDevice } from '../../../storage/stores/remote-devices.ts';
import { readCrossSigning, readDevice } from './read-keys.ts';

/** About 2 kB for each device of each user. */
const KEYS_SIZE_BYTES_MAX = 32 * 1024 * 1024;
const LIST_SIZE_BYTES_MAX = 8 * 1024 * 1024;
/** Users in one request: more are asked for in several. */
const USERS_AT_ONCE = 500;
/** A one-time key with its signatures. */
const CLAIMED_KEY_LENGTH_MAX = 16 * 1024;

export interface KeyCalls {
  /** All devices of a user with the position in the user's updates. */
  devicesOf(userId: UserId, server: ServerName, timeoutMs: number): Promise<Omit<FetchedList, 'isStale'>>;
  /** Devices (all, where none are named) of users, each a list without a position; what is malformed is left out. */
  query(server: ServerName, wanted: DevicesWanted, timeoutMs: number): Promise<Omit<FetchedList, 'isStale'>[]>;
  claim(server: ServerName, wanted: KeysWanted, timeoutMs: number): Promise<ClaimedKeys>;
}

const memberOf = (value: Json | undefined, name: string): Json | undefined => {
  const object = asJsonObject(value);
  return Object.hasOwn(object, name) ? object[name] : undefined;
};

export const createKeyCalls = ({ peers }: { readonly peers: Pick<Peers, 'call'> }): KeyCalls => {
  const post = async (
    destination: ServerName,
    what: string,
    body: JsonObject,
    timeoutMs: number,
  ): Promise<JsonObject> => {
    const path = `/_matrix/federation/v1/user/keys/${what}`;
    const bounds = { timeoutMs, responseSizeBytesMax: KEYS_SIZE_BYTES_MAX };
    return (await peers.call({ destination, method: 'POST', path, body, ...bounds })).json();
  };

  const queryOnce = async (
    server: ServerName,
    users: readonly (readonly [UserId, readonly string[]])[],
    ms: number,
  ) => {
    const wanted = Object.fromEntries(users.map(([userId, deviceIds]) => [userId, [...deviceIds]]));
    const answer = await post(server, 'query', { device_keys: wanted }, ms);
    return Promise.all(users.map(([userId]) => queriedList(userId, answer)));
  };

  return {
    async devicesOf(userId, destination, timeoutMs) {
      const path = `/_matrix/federation/v1/user/devices/${encodeURIComponent(userId)}`;
      const bounds = { timeoutMs, responseSizeBytesMax: LIST_SIZE_BYTES_MAX };
      const answer = (await peers.call({ destination, method: 'GET', path, ...bounds })).json();
      const { user_id, stream_id: streamId, devices } = answer;
      const isAnswer = (user_id === undefined || user_id === userId) && Array.isArray(devices);
      if (!isAnswer || typeof streamId !== 'number' || !Number.isSafeInteger(streamId)) {
        throw new PeerError(destination, 'application', 'the answer is no list of devices');
      }
      const found = devices.slice(0, REMOTE_DEVICES_MAX).flatMap((device): RemoteDevice[] => {
        const { device_id: deviceId, keys, device_display_name: name } = asJsonObject(device);
        const read = typeof deviceId === 'string' ? readDevice(userId, deviceId, keys, name) : undefined;
        return read ? [read] : [];
      });
      const crossSigning = await readCrossSigning(userId, answer.master_key, answer.self_signing_key);
      return { userId, streamId, devices: once(found), crossSigning };
    },

    async query(server, wanted, timeoutMs) {
      const users = [...wanted];
      const lists: Omit<FetchedList, 'isStale'>[] = [];
      for (const some of slicesOf(users, USERS_AT_ONCE)) {
        lists.push(...(await queryOnce(server, some, timeoutMs)));
      }
      return lists;
    },

    async claim(server, wanted, timeoutMs) {
      const users = [...wanted].map(([userId, devices]) => [userId, Object.fromEntries(devices)] as const);
      const answer = await post(server, 'claim', { one_time_keys: Object.fromEntries(users) }, timeoutMs);
      const claimed = Object.create(null) as ClaimedKeys;
      for (const [userId, devices] of wanted) {
        const given = memberOf(answer.one_time_keys, userId);
        for (const [deviceId, algorithm] of devices) {
          const key = claimedKey(memberOf(given, deviceId), algorithm);
          if (!key) continue;
          claimed[userId] ??= Object.create(null) as Record<string, JsonObject>;
          claimed[userId][deviceId] = key;
        }
      }
      return claimed;
    },
  };
};

/** Each device id once. */
const once = (devices: readonly RemoteDevice[]): RemoteDevice[] => [
  ...new Map(devices.map((device) => [device.deviceId, device])).values(),
];

const queriedList = async (userId: UserId, answer: JsonObject): Promise<Omit<FetchedList, 'isStale'>> => {
  const entries = Object.entries(asJsonObject(memberOf(answer.device_keys, userId))).slice(0, REMOTE_DEVICES_MAX);
  const devices = entries.flatMap(([deviceId, keys]): RemoteDevice[] => {
    const name = memberOf(memberOf(keys, 'unsigned'), 'device_display_name');
    const device = isJsonObject(keys) ? readDevice(userId, deviceId, keys, name) : undefined;
    return device ? [device] : [];
  });
  const master = memberOf(answer.master_keys, userId);
  const selfSigning = memberOf(answer.self_signing_keys, userId);
  return { userId, streamId: NO_STREAM_ID, devices, crossSigning: await readCrossSigning(userId, master, selfSigning) };
};

/** The one key of the algorithm, as it was given: the client checks its signature. */
const claimedKey = (given: Json | undefined, algorithm: string): JsonObject | undefined => {
  const [entry] = Object.entries(asJsonObject(given)).filter(([name]) => name.startsWith(`${algorithm}:`));
  if (!entry) return undefined;
  const text = canonicalJson(entry[1], 'lossless');
  return text.length > CLAIMED_KEY_LENGTH_MAX ? undefined : { [entry[0]]: JSON.parse(text) as Json };
};
