// Brings the people and rooms of the crash drill into being on a fresh server.

import { createClient, login, register, type TestClient } from '../../harness/client.ts';
import type { Ledger } from './ledger.ts';
import { keysOf } from './ledger.ts';
import { createPerson, newOneTimeKeys, type Person, requestTimeout, signedDeviceKeys } from './person.ts';

export const PEOPLE = 32;
const ROOMS = 4;

export interface Settlement {
  readonly people: readonly Person[];
  readonly roomIds: readonly string[];
  /** Created the rooms, and reads them for the checks. */
  readonly reader: TestClient;
  /** Another device of the same user. */
  readonly observer: TestClient;
}

const encode = encodeURIComponent;

const createRoom = async (creator: TestClient): Promise<string> => {
  const answer = await creator.ok(
    creator.post('/_matrix/client/v3/createRoom', {
      preset: 'public_chat',
      power_level_content_override: { events: { 'drill.state': 0 } },
    }),
  );
  return answer.room_id;
};

const uploadFirstKeys = async (person: Person, ledger: Ledger, serial: () => number): Promise<void> => {
  const { client, key, index } = person;
  const oneTimeKeys = newOneTimeKeys(person, 5, serial);
  const body = { device_keys: signedDeviceKeys(client, key), one_time_keys: oneTimeKeys };
  await client.ok(client.post('/_matrix/client/v3/keys/upload', body, { signal: requestTimeout() }));
  for (const name of Object.keys(oneTimeKeys)) keysOf(ledger, index).uploaded.add(name);
  ledger.deviceKeys.set(`${client.userId} ${client.deviceId}`, key.publicKey);
};

export const settle = async (baseUrl: string, ledger: Ledger, serial: () => number): Promise<Settlement> => {
  const reader = await register(baseUrl, 'reader');
  const roomIds: string[] = [];
  for (let index = 0; index < ROOMS; index += 1) roomIds.push(await createRoom(reader));
  const people = await Promise.all(
    Array.from({ length: PEOPLE }, async (_, index) => {
      const client = await register(baseUrl, `c${index}`);
      const roomId = roomIds[index % ROOMS]!;
      await client.ok(client.post(`/_matrix/client/v3/join/${encode(roomId)}`));
      const person = createPerson(index, client, roomId);
      await uploadFirstKeys(person, ledger, serial);
      return person;
    }),
  );
  return { people, roomIds, reader, observer: createClient(baseUrl, await login(baseUrl, 'reader')) };
};
