import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../../protocol/events/json.ts';
import type { ServerName } from '../../../protocol/ids/branded.ts';
import { readJoinAnswer } from './read-join-answer.ts';

const server = 'them.test' as ServerName;

const read = (text: string, pieceBytes = 10_000): Promise<JsonObject> => {
  const bytes = Buffer.from(text);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
  return readJoinAnswer(server, { status: 200, headers: {}, body: Readable.from(pieces) } as never, event);
};

const member = (user: string, sender = user, content: object = {}) => ({
  ...{ type: 'm.room.member', state_key: user, sender, depth: 1 },
  content: { membership: 'join', ...content },
});
const crowd = Array.from({ length: 3000 }, (_, n) =>
  member(`@m${n}:s${n % 20}.test`, undefined, { displayname: `${n}`.repeat(30) }),
);
const [create, name] = ['m.room.create', 'm.room.name'].map((type, at) => ({
  ...{ type, state_key: '', sender: `@maker${at}:them.test`, content: {} },
}));
const event: JsonObject = member('@us:us.test', undefined, { join_authorised_via_users_server: '@door:them.test' });
const keysOf = (list: unknown): string[] =>
  (list as { type: string; state_key: string }[]).map((each) => `${each.type}|${each.state_key}`);

test('a small answer, and one that leaves the members out, is given as it is', async () => {
  const small = { state: [create, ...crowd.slice(0, 50)], auth_chain: [], event };
  expect(await read(JSON.stringify(small))).toEqual(small);
  const told = { members_omitted: true, servers_in_room: [server], state: [create], auth_chain: crowd, event };
  expect(await read(JSON.stringify(told))).toEqual(told);
});

test('of a large one the members are passed over that nothing else stands upon', async () => {
  const state = [
    ...[create, ...crowd],
    ...[member('@maker0:them.test'), member('@maker1:them.test', '@invites:them.test'), member('@door:them.test')],
    // Who was let in by whom, in the order in which a single look finds none of them.
    ...[member('@invites:them.test', '@first:them.test'), member('@first:them.test'), name],
    member('@left:gone.test', '@left:gone.test', { membership: 'leave' }),
  ];
  const old = member('@first:them.test', undefined, { displayname: 'Before' });
  const chain = [{ ...create, type: 'm.room.power_levels', sender: '@m77:s17.test' }, old];
  const told = [...crowd.slice(100), ...chain];
  const answer = await read(JSON.stringify({ auth_chain: told, x: { state: [] }, state, event }, undefined, 1));
  expect(answer.members_omitted).toBe(true);
  expect(answer.event).toEqual(event);
  expect(answer.auth_chain).toEqual(chain);
  const heroes = [0, 1, 2, 3, 4].map((n) => `m.room.member|@m${n}:s${n}.test`);
  const needed = ['@maker0', '@maker1', '@door', '@invites', '@first'].map((user) => `m.room.member|${user}:them.test`);
  expect(keysOf(answer.state).toSorted()).toEqual(
    ['m.room.create|', 'm.room.name|', 'm.room.member|@m77:s17.test', ...heroes, ...needed].toSorted(),
  );
  expect((answer.servers_in_room as string[]).toSorted()).toEqual(
    ['them.test', ...Array.from({ length: 20 }, (_, n) => `s${n}.test`)].toSorted(),
  );
});

test('who was invited, and by whom, is kept, whether or not the join is returned', async () => {
  const invite = { ...member('@us:us.test', '@m500:s0.test'), content: { membership: 'invite' } };
  const { state } = await read(JSON.stringify({ state: [create, ...crowd, invite], auth_chain: [] }));
  expect(keysOf(state)).toEqual(expect.arrayContaining(['m.room.member|@us:us.test', 'm.room.member|@m500:s0.test']));
});

test('numbers in it stay as they were written', async () => {
  const text = JSON.stringify({ state: [create, ...crowd], auth_chain: [] }).replace(
    '"content":{}',
    '"content":{"n":1e400}',
  );
  expect(JSON.stringify(await read(text))).not.toContain('null');
});

test.each([
  ['no lists', (text: string) => text.replace('"state"', '"stat"'), 'no list of state'],
  [
    'another kind of list',
    (text: string) => text.replace('"auth_chain":[]', '"auth_chain":{}'),
    'no list of auth_chain',
  ],
  ['an end that is missing', (text: string) => text.slice(0, -2), 'too early'],
  ['an event that is no JSON', (text: string) => text.replace('"depth":1', '"depth":x'), 'no JSON'],
])('%s: refused', async (_what, spoil, why) => {
  await expect(read(spoil(JSON.stringify({ event, state: [create, ...crowd], auth_chain: [] })))).rejects.toThrow(why);
});
