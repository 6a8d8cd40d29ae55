// Every condition, the order of kinds, and what actions say.

import { describe, expect, it } from 'vitest';
import type { Json } from '../events/json.ts';
import type { RoomId, UserId } from '../ids/branded.ts';
import { compileRules, evaluate } from './compile-rules.ts';
import { type PushContext, type PushEvent, pushSubject } from './push-subject.ts';
import { emptyRuleset, type PushAction, type PushCondition, type PushRule, type Ruleset } from './ruleset.ts';
import { testContext, testEvent } from './test-event.ts';
import { mergeRules, noUserPushRules } from './user-push-rules.ts';

const rule = (ruleId: string, more: Partial<PushRule> = {}): PushRule => ({
  rule_id: ruleId,
  default: false,
  enabled: true,
  actions: ['notify'],
  ...more,
});

const judge = (rules: Partial<Ruleset>, event: Partial<PushEvent> = {}, context: Partial<PushContext> = {}) =>
  evaluate(compileRules({ ...emptyRuleset, ...rules }), pushSubject(testEvent(event)), testContext(context));

const matches = (condition: PushCondition, event: Partial<PushEvent> = {}, context: Partial<PushContext> = {}) =>
  judge({ override: [rule('r', { conditions: [condition] })] }, event, context).notify;

describe('event_match', () => {
  const onTopic = (pattern: string, topic: Json) =>
    matches({ kind: 'event_match', key: 'content.topic', pattern }, { content: { topic } });
  const onBody = (pattern: string, body: Json) =>
    matches({ kind: 'event_match', key: 'content.body', pattern }, { content: { body } });

  it.each([
    ['lunc?*', 'Lunch plans', true],
    ['lunc?*', 'LUNCH', true],
    ['lunc?*', ' lunch', false],
    ['lunc?*', 'lunc', false],
    ['*', null, false],
    ['*', 5, false],
    ['*', '', true],
    ['Lunch', 'lUNCH', true],
    ['Lunch', 'lunches', false],
  ])('%j on a topic %j is %j', (pattern, topic, expected) => {
    expect(onTopic(pattern, topic)).toBe(expected);
  });

  it.each([
    ['ex*ple', 'An example event.', true],
    ['ex*ple', 'exple', true],
    ['ex*ple', 'An exciting triple-whammy', true],
    ['ex*ple', 'examples', false],
    ['cake', 'I like CAKE!', true],
    ['cake', 'cupcake', false],
    ['cake', 'cake_time', false],
    ['cake', 'cakeé', true],
    ['@room', 'hi @room', true],
    ['cake', ['cake'], false],
  ])('%j on a body %j is %j', (pattern, body, expected) => {
    expect(onBody(pattern, body)).toBe(expected);
  });

  it('reads the members of an event that clients see', () => {
    const on = (key: string, pattern: string, event: Partial<PushEvent> = {}) =>
      matches({ kind: 'event_match', key, pattern }, event);
    expect(on('room_id', '!ROOM*')).toBe(true);
    expect(on('sender', '@sender:example.org')).toBe(true);
    expect(on('state_key', '*')).toBe(false);
    expect(on('state_key', '', { stateKey: '' })).toBe(true);
    expect(on('content.a\\.b.c', 'x', { content: { 'a.b': { c: 'X' } } })).toBe(true);
    expect(on('constructor', '*')).toBe(false);
    expect(on('content', '*')).toBe(false);
  });
});

describe('event_property_is and event_property_contains', () => {
  it.each<[Json, Json, boolean]>([
    [true, true, true],
    ['true', true, false],
    [1, true, false],
    [1, 1, true],
    [null, null, true],
    [1.5, 1.5, false],
    [2 ** 53, 2 ** 53, false],
    [{}, {}, false],
  ])('value %j against property %j is %j', (value, property, expected) => {
    expect(matches({ kind: 'event_property_is', key: 'content.x', value }, { content: { x: property } })).toBe(
      expected,
    );
    const contains: PushCondition = { kind: 'event_property_contains', key: 'content.x', value };
    expect(matches(contains, { content: { x: [['no'], property] } })).toBe(expected);
    expect(matches(contains, { content: { x: property } })).toBe(false);
  });

  it('do not match what is absent', () => {
    expect(matches({ kind: 'event_property_is', key: 'content.y', value: null })).toBe(false);
    expect(matches({ kind: 'event_property_is', key: 'content.y' })).toBe(false);
  });
});

describe('room_member_count', () => {
  it.each([
    ['2', [2]],
    ['==2', [2]],
    ['<2', [1]],
    ['>2', [3]],
    ['<=2', [1, 2]],
    ['>=2', [2, 3]],
    ['2 ', []],
    ['=2', []],
    ['', []],
  ])('%j matches %j of 1, 2 and 3', (is, expected) => {
    const matching = [1, 2, 3].filter((memberCount) => matches({ kind: 'room_member_count', is }, {}, { memberCount }));
    expect(matching).toEqual(expected);
  });
});

it('sender_notification_permission compares the sender with the level of its key, 50 when there is none', () => {
  const condition = { kind: 'sender_notification_permission', key: 'room' };
  expect(matches(condition, {}, { senderPowerLevel: 49 })).toBe(false);
  expect(matches(condition, {}, { senderPowerLevel: 50 })).toBe(true);
  expect(matches(condition, {}, { senderPowerLevel: 50, notificationLevels: { room: 51 } })).toBe(false);
  expect(matches(condition, {}, { senderPowerLevel: Infinity, notificationLevels: { room: 100 } })).toBe(true);
});

it('contains_display_name looks for the name as it is written', () => {
  const condition = { kind: 'contains_display_name' };
  const hello = { content: { body: 'Hello al*ce, how are you?' } };
  expect(matches(condition, hello, { displayName: 'Al*ce' })).toBe(true);
  expect(matches(condition, hello, { displayName: 'Alice' })).toBe(false);
  expect(matches(condition, { content: { body: 'alice' } }, { displayName: 'al*ce' })).toBe(false);
  expect(matches(condition, hello, { displayName: '' })).toBe(false);
  expect(matches(condition, hello)).toBe(false);
});

it('an unknown or incomplete condition makes its rule match nothing', () => {
  const unusable: PushCondition[] = [
    { kind: 'org.example.new' },
    { kind: 'event_match', key: 'type' },
    { kind: 'room_member_count' },
  ];
  for (const condition of unusable) expect(matches(condition)).toBe(false);
});

describe('the first match', () => {
  const all: Ruleset = {
    override: [rule('override')],
    content: [rule('content', { pattern: 'hello' })],
    room: [rule('!room:example.org')],
    sender: [rule('@sender:example.org')],
    underride: [rule('underride')],
  };

  it('comes from the kinds in their order', () => {
    const order: string[] = [];
    let rest: Partial<Ruleset> = all;
    for (const kind of ['override', 'content', 'room', 'sender', 'underride'] as const) {
      order.push(judge(rest).ruleId ?? 'none');
      rest = { ...rest, [kind]: rest[kind]!.map((each) => ({ ...each, enabled: false })) };
    }
    expect(order).toEqual(['override', 'content', '!room:example.org', '@sender:example.org', 'underride']);
    expect(judge(rest)).toMatchObject({ notify: false, ruleId: undefined });
  });

  it('of room, sender and content rules is theirs alone', () => {
    const rules = { content: all.content, room: all.room, sender: all.sender };
    expect(judge(rules, { content: { body: 'bye' }, roomId: '!other' as RoomId }).ruleId).toBe('@sender:example.org');
    expect(judge(rules, { content: {}, roomId: '!other' as RoomId, sender: '@x:y' as UserId }).ruleId).toBeUndefined();
  });

  it('never notifies the sender', () => {
    expect(judge(all, {}, { userId: '@sender:example.org' }).notify).toBe(false);
  });

  it.each<[PushAction[], object]>([
    [['notify'], { notify: true, highlight: false, sound: undefined }],
    [['dont_notify'], { notify: false }],
    [[{ set_tweak: 'highlight' }], { notify: false, highlight: false }],
    [['notify', { set_tweak: 'highlight' }], { notify: true, highlight: true }],
    [['notify', { set_tweak: 'highlight', value: false }], { notify: true, highlight: false }],
    [
      ['notify', { set_tweak: 'sound', value: 'bing' }, { set_tweak: 'flash', value: 3 }],
      { sound: 'bing', tweaks: { sound: 'bing', flash: 3 } },
    ],
  ])('with actions %j says %j', (actions, expected) => {
    expect(judge({ underride: [rule('r', { actions })] })).toMatchObject(expected);
  });
});

it('the default rules notify of what the specification says', () => {
  const rules = compileRules(mergeRules('@me:example.org', noUserPushRules));
  const ruleFor = (event: Partial<PushEvent>, context: Partial<PushContext> = {}) =>
    evaluate(rules, pushSubject(testEvent(event)), testContext(context)).ruleId;
  expect(ruleFor({})).toBe('.m.rule.message');
  expect(ruleFor({}, { memberCount: 2 })).toBe('.m.rule.room_one_to_one');
  expect(ruleFor({ content: { msgtype: 'm.notice', body: 'x' } })).toBe('.m.rule.suppress_notices');
  expect(ruleFor({ type: 'm.room.encrypted', content: {} }, { memberCount: 2 })).toBe(
    '.m.rule.encrypted_room_one_to_one',
  );
  const invite = { type: 'm.room.member', content: { membership: 'invite' } };
  expect(ruleFor({ ...invite, stateKey: '@me:example.org' })).toBe('.m.rule.invite_for_me');
  expect(ruleFor({ ...invite, stateKey: '@you:example.org' })).toBe('.m.rule.member_event');
  expect(ruleFor({ content: { 'm.mentions': { room: true } } })).toBe('.m.rule.message');
  expect(ruleFor({ content: { 'm.mentions': { room: true } } }, { senderPowerLevel: 50 })).toBe(
    '.m.rule.is_room_mention',
  );
  expect(ruleFor({ content: { 'm.relates_to': { rel_type: 'm.replace' } } })).toBe('.m.rule.suppress_edits');
  expect(ruleFor({ type: 'm.room.tombstone', stateKey: '' })).toBe('.m.rule.tombstone');
  expect(ruleFor({ type: 'm.room.topic', stateKey: '' })).toBeUndefined();
});
