import { expect, test } from 'vitest';
import { roomVersion } from '../room-versions/room-versions.ts';
import { allowedByAll, type Choice, choicesSince } from './allowed-by-all.ts';
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

const choices = (
  bobs: readonly string[],
  carols: readonly (string | undefined)[],
  powers: readonly number[],
): Choice[] => [
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

test('what is added to one choice is all that is left to be judged by', () => {
  const before = choices(['join'], ['join'], [50, 60]);
  const [powers, more] = [before.at(-1)!, levels(70)];
  const now = before.with(-1, { ...powers, events: [...powers.events, more] });
  expect(choicesSince(before, before)).toBeUndefined();
  expect(choicesSince(now, before)).toEqual(before.with(-1, { ...powers, events: [more] }));
});

test.each([
  { was: [50, 60], is: [60] },
  { was: [50, 60], is: [60, 50, 70] },
  { was: [50], is: [50] },
])('choices are judged by anew that came to be others: %j', ({ was, is }) => {
  const before = choices(['join'], ['join'], was);
  const powers = new Map(was.map((power, index) => [power, before.at(-1)!.events[index]]));
  const events = is.map((power) => powers.get(power) ?? levels(power));
  const now = before.with(-1, { ...before.at(-1)!, events });
  expect(choicesSince(now, before)).toBe(now);
});

test('choices are judged by anew where more than one has more', () => {
  const now = choices(['join', 'leave'], ['join'], [50, 60]);
  const [, , bob, , powers] = now;
  const before = now
    .with(2, { ...bob!, events: bob!.events.slice(0, 1) })
    .with(4, { ...powers!, events: powers!.events.slice(0, 1) });
  expect(choicesSince(now, before)).toBe(now);
});
