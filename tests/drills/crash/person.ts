// One of the people of the crash drill: a user with one device, a room to write in, and a place in the sync stream.

import { unpaddedBase64 } from '../../../src/protocol/events/unpadded-base64.ts';
import type { UserId } from '../../../src/protocol/ids/branded.ts';
import type { AnyJson, TestClient } from '../../harness/client.ts';
import { deviceKeysOf, newKey, type TestKey } from '../../harness/e2ee-people.ts';

export interface Person {
  readonly index: number;
  readonly client: TestClient;
  readonly roomId: string;
  readonly key: TestKey;
  /** Where the next /sync goes on; undefined: never synced. */
  since: string | undefined;
  /** Marks of messages to this device, in the order they came. */
  readonly received: string[];
}

const noRooms = { room: { rooms: [] }, presence: { types: [] }, account_data: { types: [] } };
const REQUEST_TIMEOUT_MS = 30_000;

export const requestTimeout = (): AbortSignal => AbortSignal.timeout(REQUEST_TIMEOUT_MS);

/** One step of /sync without waiting; what it brought counts as received only once its answer is whole. */
export const receive = async (person: Person): Promise<{ status: number; count: number }> => {
  const { status, body }: { status: number; body: AnyJson } = await person.client.get('/_matrix/client/v3/sync', {
    query: { timeout: 0, filter: JSON.stringify(noRooms), ...(person.since && { since: person.since }) },
    signal: requestTimeout(),
  });
  if (status !== 200) return { status, count: 0 };
  const events: AnyJson[] = body.to_device?.events ?? [];
  for (const { content } of events) person.received.push(content.mark);
  person.since = body.next_batch;
  return { status, count: events.length };
};

/** Device keys as a client uploads them. */
export const signedDeviceKeys = (client: TestClient, key: TestKey): object =>
  deviceKeysOf({ userId: client.userId as UserId, deviceId: client.deviceId, user: 0, device: 0 }, key);

/** `count` signed one-time keys whose names and contents are all new. */
export const newOneTimeKeys = ({ client, key }: Person, count: number, serial: () => number): Record<string, object> =>
  Object.fromEntries(
    Array.from({ length: count }, () => {
      const id = `signed_curve25519:K${serial().toString(36)}`;
      const text = unpaddedBase64(Buffer.from(id.padEnd(32, '.')));
      return [id, key.sign({ key: text }, client.userId as UserId, `ed25519:${client.deviceId}`)];
    }),
  );

export const createPerson = (index: number, client: TestClient, roomId: string): Person => ({
  index,
  client,
  roomId,
  key: newKey(),
  since: undefined,
  received: [],
});
