import { describe, expect, it } from 'vitest';
import { type EventSketch, eventId, member, user } from '../auth-rules/test-room.ts';
import type { JsonObject } from '../events/json.ts';
import type { EventId } from '../ids/branded.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import { roomVersions } from '../room-versions/room-versions.ts';
import type { StateMap } from './resolution.ts';
import { resolveState } from './resolve-state.ts';
import { stateKeyOf } from './state-key.ts';
import { emptyHistory, type History, type HistorySketch, readable } from './test-history.ts';

const v2 = { ...roomVersions[11], name: 'v2' };
const v21 = { ...roomVersions[11], stateResolution: 'v2.1' as const, name: 'v2.1' };
const v12 = { ...roomVersions[12], name: 'v2.1 in room version 12' };
const v1 = { ...roomVersions[1], name: 'v1' };
const newer = [v2, v21, v12];

const levels = (version: RoomVersion, users: Record<string, number>, more: JsonObject = {}): JsonObject => {
  const admins: JsonObject = version.privilegedCreators ? {} : { [user('alice')]: 100 };
  const others = Object.entries(users).map(([name, level]) => [user(name), level]);
  return { users: { ...admins, ...Object.fromEntries(others) }, ...more };
};
const powerLevels = (id: string, sender: string, content: JsonObject, prev: string[]): HistorySketch => ({
  id,
  type: 'm.room.power_levels',
  sender,
  stateKey: '',
  content,
  prev,
});
const topic = (id: string, sender: string, prev: string[], more: Partial<EventSketch> = {}): HistorySketch => ({
  id,
  type: 'm.room.topic',
  sender,
  stateKey: '',
  content: { topic: id },
  ...more,
  prev,
});
const joinRules = (id: string, joinRule: string, prev: string[], sender = 'alice'): HistorySketch => ({
  id,
  type: 'm.room.join_rules',
  sender,
  stateKey: '',
  content: { join_rule: joinRule },
  prev,
});
const message = (id: string, sender: string, prev: string[]): HistorySketch => ({
  id,
  type: 'm.room.message',
  sender,
  prev,
});
const memberships = (
  id: string,
  who: string,
  membership: string,
  prev: string[],
  more: Partial<EventSketch> = {},
): HistorySketch => ({ ...member(who, membership, more), id, prev });

/** Alice made the room public; bob (50), carol and dave joined. Ends with "base". */
function publicRoom(version: RoomVersion): History {
  const history = emptyHistory(version);
  const content: JsonObject = version.creatorInContent ? { creator: user('alice') } : {};
  accept(history, { id: 'create', type: 'm.room.create', sender: 'alice', stateKey: '', content, prev: [], auth: [] });
  accept(history, memberships('alice', 'alice', 'join', ['create']));
  accept(history, powerLevels('pl', 'alice', levels(version, { bob: 50 }), ['alice']));
  accept(history, joinRules('jr', 'public', ['pl']));
  accept(history, memberships('bob', 'bob', 'join', ['jr']));
  accept(history, memberships('carol', 'carol', 'join', ['bob']));
  accept(history, memberships('dave', 'dave', 'join', ['carol']));
  accept(history, topic('base', 'alice', ['dave']));
  return history;
}

function accept(history: History, ...sketches: HistorySketch[]): void {
  for (const sketch of sketches) {
    const { accepted } = history.add(sketch);
    expect({ id: sketch.id, accepted }).toEqual({ id: sketch.id, accepted: true });
  }
}

/** The resolved state of the states after these events; the same in either order. */
function merged(history: History, ...names: string[]) {
  const states = names.map(history.stateAfter);
  const resolution = history.resolve(...states);
  expect([...resolution.missing]).toEqual([]);
  expect(readable(history.resolve(...states.toReversed()).state)).toEqual(readable(resolution.state));
  return { state: readable(resolution.state), dropped: resolution.dropped };
}

describe.each([...newer, v1])('every algorithm: $name', (version) => {
  it('keeps what all states have', () => {
    const history = publicRoom(version);
    accept(history, message('x', 'bob', ['base']), message('y', 'carol', ['base']));
    expect(merged(history, 'x', 'y')).toEqual({ state: readable(history.stateAfter('base')), dropped: [] });
    expect(merged(history, 'x')).toEqual({ state: readable(history.stateAfter('base')), dropped: [] });
  });

  it('keeps joins that happened at the same time', () => {
    const history = publicRoom(version);
    accept(history, memberships('erin', 'erin', 'join', ['base']), memberships('frank', 'frank', 'join', ['base']));
    const { state, dropped } = merged(history, 'erin', 'frank');
    expect(state).toMatchObject({ 'member @erin:a.test': 'erin', 'member @frank:a.test': 'frank' });
    expect(dropped).toEqual([]);
  });

  it('lets a ban win over what the banned user did at the same time', () => {
    const history = publicRoom(version);
    accept(history, memberships('ban', 'bob', 'ban', ['base'], { sender: 'alice', depth: 20 }));
    accept(history, powerLevels('grab', 'bob', levels(version, { bob: 50, carol: 50 }), ['base']));
    const { state, dropped } = merged(history, 'ban', 'grab');
    expect(state).toMatchObject({ 'member @bob:a.test': 'ban' });
    if (version === v1) return;
    expect(state).toMatchObject({ power_levels: 'pl' });
    expect(dropped).toEqual([
      { eventId: '$grab', verdict: expect.objectContaining({ ok: false, inputs: ['$ban'] }) as unknown },
    ]);
  });

  it('does not let a join undo a ban', () => {
    const history = publicRoom(version);
    accept(history, memberships('ban', 'carol', 'ban', ['base'], { sender: 'bob' }));
    accept(history, memberships('rejoin', 'carol', 'join', ['base'], { ts: 99, depth: 99 }));
    expect(merged(history, 'ban', 'rejoin').state).toMatchObject({ 'member @carol:a.test': 'ban' });
  });
});

describe.each(newer)('$name', (version) => {
  it('drops what a demoted moderator did at the same time', () => {
    const history = publicRoom(version);
    accept(history, powerLevels('demotion', 'alice', levels(version, { bob: 0 }), ['base']));
    accept(history, memberships('ban', 'carol', 'ban', ['base'], { sender: 'bob', ts: 1 }));
    accept(history, topic('rant', 'bob', ['ban']));
    const { state, dropped } = merged(history, 'demotion', 'rant');
    expect(state).toMatchObject({ power_levels: 'demotion', 'member @carol:a.test': 'carol', topic: 'base' });
    expect(dropped.map(({ eventId }) => eventId)).toEqual(['$ban', '$rant']);
  });

  it('judges equal moderators by time', () => {
    const history = publicRoom(version);
    accept(history, powerLevels('equals', 'alice', levels(version, { bob: 50, carol: 50 }), ['base']));
    accept(history, powerLevels('quit', 'bob', levels(version, { bob: 0, carol: 50 }), ['equals']));
    accept(history, powerLevels('gift', 'carol', levels(version, { bob: 50, carol: 50, dave: 50 }), ['equals']));
    // Both hold against the other; the later one is judged last and stays.
    expect(merged(history, 'quit', 'gift').state).toMatchObject({ power_levels: 'gift' });
  });

  it('drops joins that evade a new join rule', () => {
    const history = publicRoom(version);
    accept(history, joinRules('closed', 'invite', ['base']));
    accept(history, memberships('erin', 'erin', 'join', ['base'], { ts: 1 }));
    const { state, dropped } = merged(history, 'closed', 'erin');
    expect(state).toMatchObject({ join_rules: 'closed' });
    expect(state).not.toHaveProperty('member @erin:a.test');
    expect(dropped).toEqual([
      { eventId: '$erin', verdict: expect.objectContaining({ inputs: ['$closed'] }) as unknown },
    ]);
  });

  it('takes the later of two topics under the same power levels', () => {
    const history = publicRoom(version);
    accept(history, topic('late', 'bob', ['base'], { ts: 200 }), topic('early', 'alice', ['base'], { ts: 100 }));
    expect(merged(history, 'late', 'early').state).toMatchObject({ topic: 'late' });
  });

  it('takes the greater event id at the same time', () => {
    const history = publicRoom(version);
    accept(history, topic('b', 'bob', ['base'], { ts: 100 }), topic('a', 'alice', ['base'], { ts: 100 }));
    expect(merged(history, 'b', 'a').state).toMatchObject({ topic: 'b' });
  });

  it('takes the topic under later power levels, whatever the clocks say', () => {
    const history = publicRoom(version);
    accept(history, topic('stale', 'alice', ['base'], { ts: 9999 }));
    accept(history, powerLevels('pl2', 'alice', levels(version, { bob: 60 }), ['base']));
    accept(history, topic('fresh', 'alice', ['pl2'], { ts: 1 }));
    expect(merged(history, 'stale', 'fresh').state).toMatchObject({ topic: 'fresh', power_levels: 'pl2' });
  });

  it('resolves the topics of the worked example of the proposal', () => {
    const history = publicRoom(version);
    accept(history, topic('topic2', 'alice', ['base'], { ts: 300 }));
    accept(history, powerLevels('p2', 'alice', levels(version, { bob: 0 }), ['topic2']));
    accept(history, powerLevels('p3', 'bob', levels(version, { bob: 50, carol: 10 }), ['base']));
    accept(history, topic('topic3', 'bob', ['p3'], { ts: 400 }));
    accept(history, message('message2', 'alice', ['p2', 'topic3']));
    expect(readable(history.stateAfter('message2'))).toMatchObject({ power_levels: 'p2', topic: 'topic2' });
    accept(history, topic('topic4', 'alice', ['p2'], { ts: 200 }));
    accept(history, message('message3', 'alice', ['message2', 'topic4']));
    // Under v2.1 power levels without conflict are in no partially resolved state, so there time alone decides.
    const expected = version === v2 ? 'topic4' : 'topic2';
    expect(readable(history.stateAfter('message3'))).toMatchObject({ power_levels: 'p2', topic: expected });
  });

  it('brings back a rejected event that the resolved state allows', () => {
    const history = publicRoom(version);
    accept(history, powerLevels('demotion', 'alice', levels(version, { bob: 0 }), ['base']));
    const create = version.roomIdIsCreateHash ? [] : ['create'];
    const before = { auth: [...create, 'pl', 'bob'] };
    expect(history.add(topic('refused', 'bob', ['demotion'], before)).accepted).toBe(false);
    accept(history, powerLevels('restored', 'alice', levels(version, { bob: 50, dave: 1 }), ['demotion']));
    const withRefused = new Map(history.stateAfter('restored')).set(stateKeyOf('m.room.topic', ''), eventId('refused'));
    const { state } = history.resolve(history.stateAfter('restored'), withRefused);
    expect(readable(state)).toMatchObject({ power_levels: 'restored', topic: 'refused' });
  });

  it('does not use rejected events to authorise others', () => {
    const history = publicRoom(version);
    const create = version.roomIdIsCreateHash ? [] : ['create'];
    expect(history.add(powerLevels('coup', 'dave', levels(version, { dave: 100 }), ['base'])).accepted).toBe(false);
    expect(history.add(topic('vain', 'dave', ['base'], { auth: [...create, 'coup', 'dave'] })).accepted).toBe(false);
    const withBoth = new Map(history.stateAfter('base'))
      .set(stateKeyOf('m.room.topic', ''), eventId('vain'))
      .set(stateKeyOf('m.room.power_levels', ''), eventId('coup'));
    const resolution = history.resolve(history.stateAfter('base'), withBoth);
    expect(readable(resolution.state)).toEqual(readable(history.stateAfter('base')));
    expect(resolution.dropped.map(({ eventId }) => eventId).toSorted()).toEqual(['$coup', '$vain']);
    const withTopic = new Map(history.stateAfter('base')).set(stateKeyOf('m.room.topic', ''), eventId('vain'));
    const another = history.resolve(history.stateAfter('base'), withTopic);
    expect(readable(another.state)).toMatchObject({ topic: 'base', power_levels: 'pl' });
  });

  it('resolves what only the auth chains have: a kick that was followed by a new join', () => {
    const history = publicRoom(version);
    accept(history, memberships('kick', 'bob', 'leave', ['base'], { sender: 'alice' }));
    accept(history, memberships('rejoin', 'bob', 'join', ['kick']));
    accept(history, memberships('ban', 'carol', 'ban', ['base'], { sender: 'bob', ts: 1 }));
    const { state, dropped } = merged(history, 'rejoin', 'ban');
    expect(state).toMatchObject({ 'member @bob:a.test': 'rejoin', 'member @carol:a.test': 'carol' });
    expect(dropped.map(({ eventId }) => eventId)).toEqual(['$ban']);
  });

  it('does not authorise others by a rejected event it brought back', () => {
    const history = publicRoom(version);
    const create = version.roomIdIsCreateHash ? [] : ['create'];
    const more = { events: { 'm.room.power_levels': 50 } };
    accept(history, powerLevels('pl2', 'alice', levels(version, { bob: 50 }, more), ['base']));
    accept(history, memberships('kick', 'bob', 'leave', ['pl2'], { sender: 'alice' }));
    const gift = powerLevels('gift', 'bob', levels(version, { bob: 50, dave: 50 }, more), ['kick']);
    expect(history.add({ ...gift, auth: [...create, 'pl2', 'bob'] }).accepted).toBe(false);
    accept(history, memberships('rejoin', 'bob', 'join', ['kick']));
    const vain = { auth: [...create, 'pl2', 'dave'], ts: 99 };
    expect(history.add(topic('vain', 'dave', ['rejoin'], vain)).accepted).toBe(false);
    const withBoth = new Map(history.stateAfter('pl2'))
      .set(stateKeyOf('m.room.topic', ''), eventId('vain'))
      .set(stateKeyOf('m.room.power_levels', ''), eventId('gift'));
    const { state } = history.resolve(history.stateAfter('pl2'), withBoth);
    expect(readable(state)).toMatchObject({ power_levels: 'gift', topic: 'base' });
  });

  it('says which events it missed', () => {
    const history = publicRoom(version);
    accept(history, topic('x', 'bob', ['base']), topic('y', 'alice', ['base']));
    const { missing } = resolveState({
      version,
      create: history.events.get(eventId('create'))!,
      stateSets: [history.stateAfter('x'), history.stateAfter('y')],
      event: (id) => (id === eventId('x') ? undefined : history.events.get(id)),
      isRejected: () => false,
    });
    expect([...missing]).toEqual(['$x']);
  });

  it('needs only the keys that differ when the common state can be asked', () => {
    const history = publicRoom(version);
    accept(history, powerLevels('demotion', 'alice', levels(version, { bob: 0 }), ['base']));
    accept(history, topic('rant', 'bob', ['base']), memberships('erin', 'erin', 'join', ['rant']));
    const states = [history.stateAfter('demotion'), history.stateAfter('erin')];
    const whole = history.resolve(...states);
    const [one, other] = states as [StateMap, StateMap];
    const common = new Map([...one].filter(([key, id]) => other.get(key) === id));
    const reached = new Set<EventId>();
    const pending = [...common.values()];
    for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
      reached.add(id);
      pending.push(...history.events.get(id)!.authEvents);
    }
    const partial = resolveState({
      version,
      create: history.events.get(eventId('create'))!,
      stateSets: states.map((state) => new Map([...state].filter(([key]) => !common.has(key)))),
      common: { get: (key) => common.get(key), reaches: (id) => reached.has(id) },
      event: (id) => history.events.get(id),
      isRejected: () => false,
    });
    expect(readable(new Map([...common, ...partial.state]))).toEqual(readable(whole.state));
    expect(partial.dropped).toEqual(whole.dropped);
    expect(partial.state.size).toBeLessThan(common.size);
  });
});

describe('state that servers got wrong', () => {
  const stale = (state: StateMap, type: string, id: string): StateMap =>
    new Map(state).set(stateKeyOf(type, ''), eventId(id));

  /** MSC4297, problem A: alice closed the room and left; one state still has the old join rule. */
  const departed = (version: RoomVersion) => {
    const history = publicRoom(version);
    accept(history, joinRules('closed', 'invite', ['base']));
    accept(history, memberships('departure', 'alice', 'leave', ['closed']));
    accept(
      history,
      memberships('renamed', 'carol', 'join', ['departure'], { content: { membership: 'join', displayname: 'C' } }),
    );
    return readable(
      history.resolve(history.stateAfter('departure'), stale(history.stateAfter('renamed'), 'm.room.join_rules', 'jr'))
        .state,
    );
  };
  it('resets the join rules under v2, but not under v2.1', () => {
    expect(departed(v2)).not.toHaveProperty('join_rules');
    for (const version of [v21, v12]) {
      expect(departed(version)).toMatchObject({ join_rules: 'closed', 'member @alice:a.test': 'departure' });
    }
  });

  /** MSC4297, problem B: alice raised bob, bob raised carol; one state still has the first power levels. */
  const promoted = (version: RoomVersion) => {
    const history = emptyHistory(version);
    accept(history, {
      id: 'create',
      type: 'm.room.create',
      sender: 'alice',
      stateKey: '',
      content: {},
      prev: [],
      auth: [],
    });
    accept(history, memberships('alice', 'alice', 'join', ['create']));
    accept(history, powerLevels('pl1', 'alice', levels(version, {}), ['alice']), joinRules('jr', 'public', ['pl1']));
    accept(history, memberships('bob', 'bob', 'join', ['jr']), memberships('carol', 'carol', 'join', ['bob']));
    accept(history, powerLevels('pl2', 'alice', levels(version, { bob: 60 }), ['carol']));
    accept(history, powerLevels('pl3', 'bob', levels(version, { bob: 60, carol: 50 }), ['pl2']));
    accept(history, memberships('erin', 'erin', 'join', ['pl3']));
    accept(
      history,
      memberships('renamed', 'erin', 'join', ['erin'], { content: { membership: 'join', displayname: 'E' } }),
    );
    return readable(
      history.resolve(history.stateAfter('erin'), stale(history.stateAfter('renamed'), 'm.room.power_levels', 'pl1'))
        .state,
    );
  };
  it('resets the power levels under v2, but not under v2.1', () => {
    expect(promoted(v2)).toMatchObject({ power_levels: 'pl1' });
    for (const version of [v21, v12]) expect(promoted(version)).toMatchObject({ power_levels: 'pl3' });
  });
});

describe('room version 1', () => {
  it('takes the deepest power levels that follow from the others', () => {
    const history = publicRoom(v1);
    accept(history, powerLevels('deep', 'alice', levels(v1, { bob: 0 }), ['base']));
    accept(history, powerLevels('deeper', 'bob', levels(v1, { bob: 50, carol: 1 }), ['base']));
    expect(merged(history, 'deep', 'deeper').state).toMatchObject({ power_levels: 'deep' });
  });
  it('takes the deepest topic that is allowed, and the shallowest when none is', () => {
    const history = publicRoom(v1);
    accept(
      history,
      topic('deeper', 'alice', ['base'], { depth: 30, ts: 1 }),
      topic('deep', 'bob', ['base'], { depth: 20 }),
    );
    expect(merged(history, 'deeper', 'deep').state).toMatchObject({ topic: 'deeper' });
    accept(history, topic('one', 'bob', ['base'], { depth: 40 }), topic('two', 'bob', ['base'], { depth: 50 }));
    const states = ['one', 'two'].map((name) =>
      new Map(history.stateAfter(name)).set(stateKeyOf('m.room.member', user('bob')), eventId('kicked')),
    );
    accept(history, memberships('kicked', 'bob', 'leave', ['base'], { sender: 'alice' }));
    const { state, dropped } = history.resolve(...states);
    expect(readable(state)).toMatchObject({ topic: 'one' });
    expect(dropped.map(({ eventId }) => eventId)).toEqual(['$two', '$one']);
  });
  it('has no conflict where one state has nothing', () => {
    const history = publicRoom(v1);
    accept(history, memberships('erin', 'erin', 'join', ['base']), joinRules('closed', 'invite', ['base']));
    expect(merged(history, 'erin', 'closed').state).toMatchObject({
      join_rules: 'closed',
      'member @erin:a.test': 'erin',
    });
  });
});
