// History visibility as a table: visibility × membership at the event × later membership, and the before-or-after rules.

import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../events/json.ts';
import { type HistoryVisibility, historyVisibility } from './history-visibility.ts';
import { type JudgedEvent, maySee, serverMaySee } from './may-see.ts';

const userId = '@me:example.org';
const message: JudgedEvent = { type: 'm.room.message', stateKey: undefined, content: {} };
const member = (stateKey: string, membership: string): JudgedEvent => ({
  type: 'm.room.member',
  stateKey,
  content: { membership },
});
const visibilityEvent = (value: string): JudgedEvent => ({
  type: 'm.room.history_visibility',
  stateKey: '',
  content: { history_visibility: value },
});

const visibilities: HistoryVisibility[] = ['world_readable', 'shared', 'invited', 'joined'];
const memberships = ['join', 'invite', 'knock', 'leave', 'ban'];

// Per visibility and membership at the event: always, never, or only to those who joined later.
const table: Record<HistoryVisibility, Record<string, 'always' | 'later' | 'never'>> = {
  world_readable: { join: 'always', invite: 'always', knock: 'always', leave: 'always', ban: 'always' },
  shared: { join: 'always', invite: 'later', knock: 'later', leave: 'later', ban: 'later' },
  invited: { join: 'always', invite: 'always', knock: 'never', leave: 'never', ban: 'never' },
  joined: { join: 'always', invite: 'never', knock: 'never', leave: 'never', ban: 'never' },
};

const expected = (visibility: HistoryVisibility, membership: string, joinedLater: boolean): boolean => {
  const entry = table[visibility][membership];
  return entry === 'always' || (entry === 'later' && joinedLater);
};

const cases = visibilities.flatMap((visibility) =>
  memberships.flatMap((membership) => [true, false].map((joinedLater) => ({ visibility, membership, joinedLater }))),
);

describe.each(cases)('$visibility, $membership, joined later: $joinedLater', (facts) => {
  const { visibility, membership, joinedLater } = facts;
  const plain = expected(visibility, membership, joinedLater);

  it('a message, and other members, are judged by the state before', () => {
    expect(maySee({ ...facts, event: message, userId })).toBe(plain);
    expect(maySee({ ...facts, event: member('@you:example.org', 'join'), userId })).toBe(plain);
    expect(maySee({ ...facts, event: { ...visibilityEvent('world_readable'), stateKey: 'x' }, userId })).toBe(plain);
  });

  it.each(visibilities)('a change of visibility to %s is seen if either would show it', (next) => {
    const event = visibilityEvent(next);
    expect(maySee({ ...facts, event, userId })).toBe(plain || expected(next, membership, joinedLater));
  });

  it.each(memberships)('a change of the own membership to %s is seen if either would show it', (next) => {
    const event = member(userId, next);
    expect(maySee({ ...facts, event, userId })).toBe(plain || expected(visibility, next, joinedLater));
  });

  it('holds for a server of that one user', () => {
    const server = {
      serverName: 'example.org',
      visibility,
      anyJoined: membership === 'join',
      anyInvited: membership === 'invite',
      anyJoinedLater: joinedLater,
    };
    for (const event of [message, visibilityEvent('joined'), visibilityEvent('world_readable')]) {
      expect(serverMaySee({ ...server, event })).toBe(maySee({ ...facts, event, userId }));
    }
    for (const next of memberships) {
      const own = member(userId, next);
      expect(serverMaySee({ ...server, event: own })).toBe(maySee({ ...facts, event: own, userId }));
      expect(serverMaySee({ ...server, event: member('@me:example.com', next) })).toBe(plain);
    }
  });
});

it('an absent or unknown visibility is shared', () => {
  const contents: JsonObject[] = [{}, { history_visibility: 'secret' }, { history_visibility: 1 }];
  for (const content of [undefined, ...contents]) {
    expect(historyVisibility(content)).toBe('shared');
  }
  expect(visibilities.map((value) => historyVisibility({ history_visibility: value }))).toEqual(visibilities);
});

it('a server with a port is told apart from one without', () => {
  const facts = { visibility: 'joined', anyJoined: false, anyInvited: false, anyJoinedLater: false } as const;
  const event = member('@me:example.org:8448', 'join');
  expect(serverMaySee({ ...facts, event, serverName: 'example.org:8448' })).toBe(true);
  expect(serverMaySee({ ...facts, event, serverName: 'example.org' })).toBe(false);
});
