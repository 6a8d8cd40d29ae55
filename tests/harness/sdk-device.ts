// A device run by matrix-js-sdk with its Rust crypto (WebAssembly, keys in memory): the client that most users have.

import { createClient, type ICreateClientOpts, type MatrixClient, type MatrixEvent, MemoryStore } from 'matrix-js-sdk';
import type { CryptoApi } from 'matrix-js-sdk/lib/crypto-api/index.js';
import { logger as globalLogger } from 'matrix-js-sdk/lib/logger.js';
import { type CheckedFetch, createCheckedFetch } from './checked-fetch.ts';
import { until } from './until.ts';

/** Secret storage keys by id: what a person has written down, shared by all devices of theirs. */
export type SecretStorageKeys = Map<string, Uint8Array<ArrayBuffer>>;

export interface SdkDevice extends AsyncDisposable {
  readonly client: MatrixClient;
  readonly crypto: CryptoApi;
  readonly userId: string;
  readonly deviceId: string;
  readonly password: string;
  readonly network: CheckedFetch;
  readonly secretStorageKeys: SecretStorageKeys;
  /** The event as this device shows it, decrypted, once it has it. */
  event(roomId: string, eventId: string): Promise<MatrixEvent>;
}

const nothing = (): void => {};
const silentLogger: NonNullable<ICreateClientOpts['logger']> = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  getChild: () => silentLogger,
};

// Some parts of the SDK log past the logger they are given.
Object.assign(globalLogger, silentLogger, { log: nothing });

interface Session {
  readonly userId: string;
  readonly deviceId: string;
  readonly accessToken: string;
}

const openDevice = async (
  baseUrl: string,
  { userId, deviceId, accessToken }: Session,
  password: string,
  secretStorageKeys: SecretStorageKeys,
): Promise<SdkDevice> => {
  const network = createCheckedFetch();
  const client = createClient({
    baseUrl,
    userId,
    deviceId,
    accessToken,
    fetchFn: network.fetch,
    logger: silentLogger,
    store: new MemoryStore(),
    cryptoCallbacks: {
      async getSecretStorageKey({ keys }) {
        for (const keyId of Object.keys(keys)) {
          const key = secretStorageKeys.get(keyId);
          if (key) return [keyId, key];
        }
        return null;
      },
      cacheSecretStorageKey: (keyId, _info, key) => void secretStorageKeys.set(keyId, key),
    },
  });
  await client.initRustCrypto({ useIndexedDB: false });
  const crypto = client.getCrypto();
  if (!crypto) throw new Error('the SDK has no crypto');
  // The waiting for /sync is cut short so that stopping a device is quick.
  await client.startClient({ initialSyncLimit: 50, threadSupport: true, pollTimeout: 2_000 });
  await until(`first sync of ${userId}`, () => client.isInitialSyncComplete());
  return {
    client,
    crypto,
    userId,
    deviceId,
    password,
    network,
    secretStorageKeys,
    event: (roomId, eventId) =>
      until(`${eventId} on ${userId} ${deviceId}`, () => {
        const event = client.getRoom(roomId)?.findEventById(eventId);
        if (!event || event.isBeingDecrypted() || event.shouldAttemptDecryption()) return undefined;
        return event.isDecryptionFailure() ? undefined : event;
      }),
    async [Symbol.asyncDispose]() {
      // A client that is stopped while it works on an answer throws where nobody can catch it.
      await network.close();
      client.stopClient();
    },
  };
};

const anonymous = (baseUrl: string, network: CheckedFetch): MatrixClient =>
  createClient({ baseUrl, fetchFn: network.fetch, logger: silentLogger });

/** A new user and their first device. */
export const registerDevice = async (baseUrl: string, username: string): Promise<SdkDevice> => {
  const password = `${username}-pass`;
  const answer = await anonymous(baseUrl, createCheckedFetch()).registerRequest({
    username,
    password,
    auth: { type: 'm.login.dummy' },
    initial_device_display_name: `${username}'s first`,
  });
  const { user_id: userId, device_id: deviceId = '', access_token: accessToken = '' } = answer;
  return openDevice(baseUrl, { userId, deviceId, accessToken }, password, new Map());
};

/** One more device of the same user. */
export const loginDevice = async (other: SdkDevice): Promise<SdkDevice> => {
  const baseUrl = other.client.getHomeserverUrl();
  const answer = await anonymous(baseUrl, other.network).loginRequest({
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: other.userId },
    password: other.password,
    initial_device_display_name: 'another',
  });
  const { user_id: userId, device_id: deviceId, access_token: accessToken } = answer;
  return openDevice(baseUrl, { userId, deviceId, accessToken }, other.password, other.secretStorageKeys);
};
