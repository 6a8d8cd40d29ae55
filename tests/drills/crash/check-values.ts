// Holds everything but timelines against the ledger: state, account data, messages to devices, keys, media.

import { createHash } from 'node:crypto';
import type { AnyJson, TestClient } from '../../harness/client.ts';
import { keysOf, type LastValue, type Ledger } from './ledger.ts';
import { claimKey } from './operations.ts';
import { type Person, receive, requestTimeout } from './person.ts';

const enc = encodeURIComponent;

const isExpected = (value: LastValue, found: string | undefined): boolean =>
  found === value.answered || (found !== undefined && found === value.pending);

/** The current state and the account data are what was set last, answered or in doubt. */
export const checkLastValues = async (ledger: Ledger, people: readonly Person[], reader: TestClient) => {
  const problems: string[] = [];
  for (const roomId of new Set(people.map((person) => person.roomId))) {
    const state: AnyJson[] = await reader.ok(reader.get(`/_matrix/client/v3/rooms/${enc(roomId)}/state`));
    const found = new Map(
      state.filter(({ type }) => type === 'drill.state').map((event) => [event.state_key, event.content.body]),
    );
    for (const [key, value] of ledger.states) {
      const [room, stateKey] = key.split(' ');
      if (room !== roomId || isExpected(value, found.get(stateKey))) continue;
      problems.push(`state ${stateKey}: answered ${value.answered}, stored is ${found.get(stateKey)}`);
    }
  }
  for (const [key, value] of ledger.accountData) {
    const [index, type] = key.split(' ');
    const { client } = people[Number(index)]!;
    const answer = await client.get(`/_matrix/client/v3/user/${enc(client.userId)}/account_data/${type}`);
    const found: string | undefined = answer.status === 200 ? answer.body.body : undefined;
    if (!isExpected(value, found)) problems.push(`account data ${key}: answered ${value.answered}, found ${found}`);
  }
  return problems;
};

/** Every answered message has come to its device, exactly once, and those of one sender in their order. */
export const checkMessages = async (ledger: Ledger, people: readonly Person[]): Promise<string[]> => {
  const problems: string[] = [];
  const received = new Set<string>();
  for (const person of people) {
    for (;;) {
      const { status, count } = await receive(person);
      if (status !== 200) throw new Error(`client ${person.index} got ${status} from /sync`);
      if (count === 0) break;
    }
    const last = new Map<string, number>();
    for (const mark of person.received) {
      const [sender = '', serial] = mark.split('-');
      if (received.has(mark)) problems.push(`message ${mark} came twice`);
      received.add(mark);
      if (ledger.messages.get(mark)?.recipient !== person.index) problems.push(`message ${mark} went astray`);
      if (Number(serial) < (last.get(sender) ?? 0)) problems.push(`message ${mark} came out of order`);
      last.set(sender, Number(serial));
    }
  }
  for (const mark of ledger.answeredMessages) if (!received.has(mark)) problems.push(`message ${mark} is lost`);
  return problems;
};

/** The server counts as many one-time keys as it must still have; none was handed out twice. */
export const checkKeyCounts = async (ledger: Ledger, people: readonly Person[]): Promise<string[]> => {
  const problems: string[] = [];
  for (const { client, index } of people) {
    const { uploaded, doubtful, claimed, claimsInDoubt } = keysOf(ledger, index);
    const body = await client.ok(client.post('/_matrix/client/v3/keys/upload', {}));
    const count: number = body.one_time_key_counts.signed_curve25519 ?? 0;
    const most = uploaded.size + doubtful.size - claimed.length;
    const least = uploaded.size - claimed.length - claimsInDoubt;
    if (count < least || count > most) {
      problems.push(`client ${index} has ${count} one-time keys, and must have ${least} to ${most}`);
    }
    if (new Set(claimed).size < claimed.length) problems.push(`a key of client ${index} was handed out twice`);
  }
  return problems;
};

/** Claims every key that is left: each that was uploaded comes, once, but for those that claims in doubt may have taken. */
export const checkAllKeys = async (ledger: Ledger, people: readonly Person[]): Promise<string[]> => {
  const problems: string[] = [];
  const claimer = people[0]!;
  for (const person of people) {
    const keys = keysOf(ledger, person.index);
    for (let before = -1; before < keys.claimed.length; ) {
      before = keys.claimed.length;
      await claimKey(claimer, person, ledger).attempt();
    }
    const claimed = new Set(keys.claimed);
    const missing = [...keys.uploaded].filter((name) => !claimed.has(name));
    if (claimed.size < keys.claimed.length) problems.push(`a key of client ${person.index} was handed out twice`);
    if (missing.length > keys.claimsInDoubt) {
      problems.push(
        `client ${person.index} lost one-time keys: ${missing.length}, of which in doubt ${keys.claimsInDoubt}`,
      );
    }
    const unknown = keys.claimed.filter((name) => !keys.uploaded.has(name) && !keys.doubtful.has(name));
    if (unknown.length > 0) problems.push(`client ${person.index} never uploaded ${unknown.join(', ')}`);
  }
  return problems;
};

/** The keys of every device are the ones it uploaded. */
export const checkDeviceKeys = async (ledger: Ledger, people: readonly Person[]): Promise<string[]> => {
  const problems: string[] = [];
  const { client } = people[0]!;
  const device_keys = Object.fromEntries(people.map((person) => [person.client.userId, []]));
  const answer = await client.ok(client.post('/_matrix/client/v3/keys/query', { device_keys }));
  for (const [name, key] of ledger.deviceKeys) {
    const [userId = '', deviceId = ''] = name.split(' ');
    const found = answer.device_keys[userId]?.[deviceId]?.keys[`ed25519:${deviceId}`];
    if (found !== key) problems.push(`device ${name} uploaded the key ${key}, stored is ${found}`);
  }
  return problems;
};

/** Every answered file is there, byte for byte. */
export const checkMedia = async (ledger: Ledger, uris: Iterable<string>, reader: TestClient): Promise<string[]> => {
  const problems: string[] = [];
  for (const uri of uris) {
    const path = `/_matrix/client/v1/media/download/${uri.slice('mxc://'.length)}`;
    const { status, body } = await reader.get(path, { signal: requestTimeout() });
    const found = status === 200 ? createHash('sha256').update(body).digest('hex') : `an answer ${status}`;
    if (found !== ledger.media.get(uri)) problems.push(`${uri} is not what was uploaded: ${found}`);
  }
  return problems;
};
