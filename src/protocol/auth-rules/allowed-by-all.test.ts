import { expect, test } from 'vitest';
import { roomVersion } from '../room-versions/room-versions.ts';
import { allowedByAll } from './allowed-by-all.ts';
import { member, roomState, sketched, user } from './test-room.ts';

const version = roomVersion('11')!;
const state = roomState(version);
const [create, joinRules] = state as [(typeof state)[0], (typeof state)[0]];
const memberOf = (name: string, membership: string) => sketched(version, member(name, membership));
const levels = (bob: number) =>
  sketched(version, {
    type: 'm.room.power_levels',
    sender: 'alice',
    stateKey: '',
    content: { users: { [user('alice')]: 100, [user('bob')]: bob } },
  });
const kick = sketched(version, member('carol', 'leave', { sender: 'bob' }));

const choices = (bobs: readonly string[], carols: readonly (string | undefined)[], powers: readonly number[]) => [
  { type: 'm.room.create', stateKey: '', events: [create] },
  { type: 'm.room.join_rules', stateKey: '', events: [joinRules] },
  { type: 'm.room.member', stateKey: user('bob'), events: bobs.map((one) => memberOf('bob', one)) },
  {
    type: 'm.room.member',
    stateKey: user('carol'),
    events: carols.map((one) => (one === undefined ? undefined : memberOf('carol', one))),
  },
  { type: 'm.room.power_levels', stateKey: '', events: powers.map(levels) },
];

test('an event is allowed that every state allows', () => {
  expect(allowedByAll(kick, version, choices(['join'], [undefined, 'join', 'invite', 'ban'], [50, 60, 70]))).toBe(true);
});

test.each([
  { bobs: ['join', 'leave'], carols: ['join'], powers: [50, 60] },
  { bobs: ['join'], carols: ['join', 'invite'], powers: [60, 50, 40] },
  { bobs: ['join', 'join', 'leave'], carols: [undefined, 'ban'], powers: [60, 60] },
])('an event is not allowed that one state refuses: %j', ({ bobs, carols, powers }) => {
  expect(allowedByAll(kick, version, choices(bobs, carols, powers))).toBe(false);
});

test('with more states than can be tried it cannot be told', () => {
  const many = Array.from({ length: 50 }, () => 60);
  const joined = Array.from({ length: 50 }, () => 'join');
  expect(allowedByAll(kick, version, choices(['join'], joined, many))).toBe(false);
  expect(allowedByAll(kick, version, choices(['join'], joined.slice(10), many))).toBe(true);
});
