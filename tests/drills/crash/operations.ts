// What the people of the crash drill do, each operation with what it writes into the ledger before and after its answer.

import { createHash, randomBytes } from 'node:crypto';
import { type ClientAnswer, login } from '../../harness/client.ts';
import { newKey } from '../../harness/e2ee-people.ts';
import type { SeededRandom } from '../../harness/seeded-random.ts';
import { keysOf, type Ledger, lastValueOf } from './ledger.ts';
import { newOneTimeKeys, type Person, receive, requestTimeout, signedDeviceKeys } from './person.ts';

export interface Operation {
  readonly name: string;
  /** Sends the request; its answer, already in the ledger when it was 200. Rejects when there is none. */
  attempt(): Promise<{ readonly status: number; readonly body?: unknown }>;
  /** Called when an attempt got no answer, or a 5xx. */
  inDoubt?(): void;
  /** Whether asking once more, after an attempt in doubt, has the same effect as asking once. */
  readonly repeats: boolean;
}

interface World {
  readonly ledger: Ledger;
  readonly people: readonly Person[];
  readonly random: SeededRandom;
  /** Numbers that are given out once in a drill. */
  serial(): number;
}

const enc = encodeURIComponent;
const isOk = ({ status }: ClientAnswer): boolean => status === 200;

const mark = (person: Person, world: World): string => `c${person.index}-${world.serial()}`;

const countEvent = (ledger: Ledger, name: string, { body }: ClientAnswer): void => {
  ledger.answered.set(name, { eventId: body.event_id, answeredAt: ledger.tick() });
  ledger.unchecked.push(name);
};

const sendMessage = (person: Person, world: World): Operation => {
  const { ledger } = world;
  const name = mark(person, world);
  ledger.asked.set(name, { roomId: person.roomId, sentAt: ledger.tick() });
  const path = `/_matrix/client/v3/rooms/${enc(person.roomId)}/send/m.room.message/${name}`;
  return {
    name: 'send',
    repeats: true,
    async attempt() {
      const answer = await person.client.put(path, { msgtype: 'm.text', body: name }, { signal: requestTimeout() });
      if (isOk(answer)) countEvent(ledger, name, answer);
      return answer;
    },
  };
};

const setState = (person: Person, world: World): Operation => {
  const { ledger } = world;
  const name = mark(person, world);
  const stateKey = `client-${person.index}`;
  const value = lastValueOf(ledger.states, `${person.roomId} ${stateKey}`);
  ledger.asked.set(name, { roomId: person.roomId, sentAt: ledger.tick() });
  value.pending = name;
  const path = `/_matrix/client/v3/rooms/${enc(person.roomId)}/state/drill.state/${stateKey}`;
  return {
    name: 'state',
    repeats: true,
    async attempt() {
      const answer = await person.client.put(path, { body: name }, { signal: requestTimeout() });
      if (isOk(answer)) {
        countEvent(ledger, name, answer);
        value.answered = name;
      }
      return answer;
    },
  };
};

const setAccountData = (person: Person, world: World): Operation => {
  const name = mark(person, world);
  const type = `drill.${world.random.below(3)}`;
  const value = lastValueOf(world.ledger.accountData, `${person.index} ${type}`);
  value.pending = name;
  const path = `/_matrix/client/v3/user/${enc(person.client.userId)}/account_data/${type}`;
  return {
    name: 'account data',
    repeats: true,
    async attempt() {
      const answer = await person.client.put(path, { body: name }, { signal: requestTimeout() });
      if (isOk(answer)) value.answered = name;
      return answer;
    },
  };
};

const sendToDevice = (person: Person, world: World): Operation => {
  const name = mark(person, world);
  const { client, index } = world.random.pick(world.people);
  world.ledger.messages.set(name, { sender: person.index, recipient: index });
  const messages = { [client.userId]: { [client.deviceId]: { mark: name } } };
  return {
    name: 'to-device',
    repeats: true,
    async attempt() {
      const path = `/_matrix/client/v3/sendToDevice/drill.message/${name}`;
      const answer = await person.client.put(path, { messages }, { signal: requestTimeout() });
      if (isOk(answer)) world.ledger.answeredMessages.add(name);
      return answer;
    },
  };
};

const uploadKeys = (person: Person, world: World): Operation => {
  const keys = keysOf(world.ledger, person.index);
  const oneTimeKeys = newOneTimeKeys(person, world.random.between(1, 5), world.serial);
  const names = Object.keys(oneTimeKeys);
  return {
    name: 'one-time keys',
    // A key that was claimed in between would be stored again.
    repeats: false,
    async attempt() {
      const body = { one_time_keys: oneTimeKeys };
      const answer = await person.client.post('/_matrix/client/v3/keys/upload', body, { signal: requestTimeout() });
      if (isOk(answer)) for (const name of names) keys.uploaded.add(name);
      return answer;
    },
    inDoubt() {
      for (const name of names) keys.doubtful.add(name);
    },
  };
};

export const claimKey = (person: Person, owner: Person, ledger: Ledger): Operation => {
  const keys = keysOf(ledger, owner.index);
  const { userId, deviceId } = owner.client;
  return {
    name: 'claim',
    repeats: false,
    async attempt() {
      const body = { one_time_keys: { [userId]: { [deviceId]: 'signed_curve25519' } } };
      const answer = await person.client.post('/_matrix/client/v3/keys/claim', body, { signal: requestTimeout() });
      if (isOk(answer)) keys.claimed.push(...Object.keys(answer.body.one_time_keys[userId]?.[deviceId] ?? {}));
      return answer;
    },
    inDoubt() {
      keys.claimsInDoubt += 1;
    },
  };
};

const uploadMedia = (person: Person, world: World): Operation => {
  const bytes = randomBytes(world.random.between(1, 100_000));
  const { ledger } = world;
  return {
    name: 'media',
    repeats: false,
    async attempt() {
      const answer = await person.client.post('/_matrix/media/v3/upload', undefined, {
        query: { filename: 'drill.bin' },
        rawBody: bytes,
        headers: { 'Content-Type': 'application/octet-stream' },
        signal: requestTimeout(),
      });
      if (isOk(answer)) {
        ledger.media.set(answer.body.content_uri, createHash('sha256').update(bytes).digest('hex'));
        ledger.uncheckedMedia.push(answer.body.content_uri);
      }
      return answer;
    },
  };
};

/** A new login that uploads the keys of its device. */
const addDevice = (person: Person, world: World): Operation => {
  const key = newKey();
  return {
    name: 'new device',
    repeats: false,
    async attempt() {
      const [, name = ''] = /^@([^:]+):/.exec(person.client.userId) ?? [];
      const device = await login(person.client.baseUrl, name);
      const body = { device_keys: signedDeviceKeys(device, key) };
      const answer = await device.post('/_matrix/client/v3/keys/upload', body, { signal: requestTimeout() });
      if (isOk(answer)) world.ledger.deviceKeys.set(`${device.userId} ${device.deviceId}`, key.publicKey);
      return answer;
    },
  };
};

const sync = (person: Person): Operation => ({ name: 'sync', repeats: false, attempt: () => receive(person) });

/** How often each is done, in parts of the sum. */
const shares: readonly (readonly [number, (person: Person, world: World) => Operation])[] = [
  [50, sendMessage],
  [10, setState],
  [4, setAccountData],
  [14, sendToDevice],
  [6, uploadKeys],
  [4, (person, world) => claimKey(person, world.random.pick(world.people), world.ledger)],
  [4, uploadMedia],
  [1, addDevice],
  [8, sync],
];

const sum = shares.reduce((total, [share]) => total + share, 0);

export const nextOperation = (person: Person, world: World): Operation => {
  let drawn = world.random.below(sum);
  for (const [share, make] of shares) {
    drawn -= share;
    if (drawn < 0) return make(person, world);
  }
  throw new Error('the shares do not add up');
};

export type { World };
