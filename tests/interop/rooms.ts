// What people do with rooms that they share across servers, in short words.

import { expect } from 'vitest';
import type { AnyJson } from '../harness/client.ts';
import { inRoom, newRoom, putState, wholeState } from '../harness/room-client.ts';
import { until } from '../harness/until.ts';
import { PATIENCE_MS, type Person } from './person.ts';

let aliases = 0;

export interface PublicRoom {
  readonly roomId: string;
  readonly alias: string;
}

export const openRoom = async (
  { client, server }: Person,
  version: string,
  options: AnyJson = {},
): Promise<PublicRoom> => {
  const localpart = `room-${++aliases}`;
  const roomId = await newRoom(client, {
    preset: 'public_chat',
    room_version: version,
    room_alias_name: localpart,
    name: `Room ${aliases}`,
    ...options,
  });
  return { roomId, alias: `#${localpart}:${server.serverName}` };
};

export const act = async ({ client }: Person, roomId: string, action: string, body: object = {}): Promise<AnyJson> =>
  client.ok(inRoom(client, roomId, action, body));

export const invite = (by: Person, roomId: string, { userId }: Person): Promise<AnyJson> =>
  act(by, roomId, 'invite', { user_id: userId });

/** By id or alias, asking `via` first. */
export const join = async ({ client }: Person, room: string, via?: Person): Promise<AnyJson> => {
  const query = via
    ? `?via=${encodeURIComponent(via.server.serverName)}&server_name=${encodeURIComponent(via.server.serverName)}`
    : '';
  return client.ok(client.post(`/_matrix/client/v3/join/${encodeURIComponent(room)}${query}`));
};

export const setState = async (
  { client }: Person,
  roomId: string,
  type: string,
  content: object,
  stateKey = '',
): Promise<string> => (await client.ok(putState(client, roomId, type, content, stateKey))).event_id;

/** Says it, and waits until all of them have it. Returns the event's id. */
export const tell = async (speaker: Person, roomId: string, body: string, ...others: Person[]): Promise<string> => {
  const eventId = await speaker.client.say(roomId, body);
  await Promise.all([speaker, ...others].map((each) => each.gets(roomId, eventId)));
  return eventId;
};

/** What was said, in the order in which the person was told. */
export const heard = (person: Person, roomId: string): string[] =>
  (person.rooms.get(roomId)?.timeline ?? [])
    .filter(({ type, content }) => type === 'm.room.message' && content.body !== undefined)
    .map(({ content }) => content.body);

const stateIds = async ({ client }: Person, roomId: string): Promise<Record<string, string>> => {
  const state = await wholeState(client, roomId);
  const keys = [...state.keys()].sort((one, other) => (one < other ? -1 : 1));
  return Object.fromEntries(keys.map((key) => [key, state.get(key).event_id]));
};

/** Their servers come to hold the same state, event for event. */
export const expectSameState = async (one: Person, other: Person, roomId: string): Promise<void> => {
  let last: [Record<string, string>, Record<string, string>] | undefined;
  await until(
    'agreement on the state',
    async () => {
      last = await Promise.all([stateIds(one, roomId), stateIds(other, roomId)]);
      return JSON.stringify(last[0]) === JSON.stringify(last[1]);
    },
    PATIENCE_MS,
  ).catch(() => undefined);
  expect(last?.[0]).toEqual(last?.[1]);
};
