// Changes to a user's rules: places, errors, and what they keep.

import { describe, expect, it } from 'vitest';
import { MatrixError } from '../errors/matrix-error.ts';
import type { JsonObject } from '../events/json.ts';
import { deleteRule, putRule, type RulePosition, setActions, setEnabled } from './change-push-rules.ts';
import { parseActions, parseEnabled, parseKind, parseKindOfRule, parsePushRule } from './parse-push-rule.ts';
import { findRule, type PushRuleKind } from './ruleset.ts';
import { mergeRules, noUserPushRules, type UserPushRules } from './user-push-rules.ts';

const body = { actions: ['notify'] };
const put = (own: UserPushRules, ruleId: string, position?: RulePosition) =>
  putRule(own, 'sender', ruleId, body, position);
const order = (own: UserPushRules) => own.rules.sender.map((rule) => rule.rule_id).join(' ');
const three = ['c', 'b', 'a'].reduce((own, ruleId) => put(own, ruleId), noUserPushRules);

const errcode = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof MatrixError) return `${error.status} ${error.errcode}`;
    throw error;
  }
  return 'none';
};

describe('putRule', () => {
  it('puts new rules first, or where it is told', () => {
    expect(order(three)).toBe('a b c');
    expect(order(put(three, 'x', { before: 'b' }))).toBe('a x b c');
    expect(order(put(three, 'x', { after: 'b' }))).toBe('a b x c');
    expect(order(put(three, 'x', { after: 'c' }))).toBe('a b c x');
    expect(order(put(three, 'x', { after: 'a', before: 'c' }))).toBe('a b x c');
  });

  it('moves a rule only when told to', () => {
    expect(order(put(three, 'c'))).toBe('a b c');
    expect(order(put(three, 'c', { before: 'a' }))).toBe('c a b');
    expect(order(put(three, 'a', { after: 'b' }))).toBe('b a c');
  });

  it('changes a rule and keeps its enabled flag', () => {
    const changed = putRule(setEnabled(three, 'sender', 'b', false), 'sender', 'b', { actions: [] });
    expect(findRule(changed.rules, 'sender', 'b')).toEqual({
      rule_id: 'b',
      default: false,
      enabled: false,
      actions: [],
    });
    expect(three.rules.sender[1]).toMatchObject({ enabled: true, actions: ['notify'] });
  });

  it.each([
    ['.m.rule.mine', {}, '400 M_INVALID_PARAM'],
    ['a/b', {}, '400 M_INVALID_PARAM'],
    ['a\\b', {}, '400 M_INVALID_PARAM'],
    ['', {}, '400 M_UNKNOWN'],
    ['x', { before: 'nowhere' }, '400 M_UNKNOWN'],
    ['x', { after: 'nowhere', before: 'a' }, '400 M_UNKNOWN'],
    ['x', { after: 'x' }, '400 M_UNKNOWN'],
    ['x', { before: '.m.rule.message' }, '400 M_INVALID_PARAM'],
  ])('refuses %j at %j with %s', (ruleId, position, expected) => {
    expect(errcode(() => put(three, ruleId, position))).toBe(expected);
  });

  it('bounds how many rules a user has', () => {
    const rule = three.rules.sender[0]!;
    const many = { ...three, rules: { ...three.rules, room: Array.from({ length: 1997 }, () => rule) } };
    expect(errcode(() => put(many, 'x'))).toBe('400 M_INVALID_PARAM');
    expect(errcode(() => put(many, 'a'))).toBe('none');
  });
});

describe('server-default rules', () => {
  it('can be disabled and given actions, which later defaults do not undo', () => {
    const own = setActions(
      setEnabled(three, 'underride', '.m.rule.message', false),
      'underride',
      '.m.rule.message',
      [],
    );
    expect(findRule(mergeRules('@a:b', own), 'underride', '.m.rule.message')).toMatchObject({
      default: true,
      enabled: false,
      actions: [],
      conditions: [{ kind: 'event_match', key: 'type', pattern: 'm.room.message' }],
    });
  });

  it('stand below the rules of the user, but for the master rule', () => {
    const own = putRule(noUserPushRules, 'override', 'mine', { ...body, conditions: [] });
    const ids = mergeRules('@a:b', own).override.map((rule) => rule.rule_id);
    expect(ids.slice(0, 3)).toEqual(['.m.rule.master', 'mine', '.m.rule.suppress_notices']);
  });

  it('cannot be deleted, and are found under their own kind only', () => {
    expect(errcode(() => deleteRule(three, 'override', '.m.rule.master'))).toBe('400 M_INVALID_PARAM');
    expect(errcode(() => setEnabled(three, 'underride', '.m.rule.master', true))).toBe('404 M_NOT_FOUND');
  });
});

it('a rule that is not there is not found', () => {
  expect(order(deleteRule(three, 'sender', 'b'))).toBe('a c');
  expect(errcode(() => deleteRule(three, 'room', 'b'))).toBe('404 M_NOT_FOUND');
  expect(errcode(() => setEnabled(three, 'sender', 'x', true))).toBe('404 M_NOT_FOUND');
  expect(errcode(() => setActions(three, 'sender', '__proto__', []))).toBe('404 M_NOT_FOUND');
});

describe('bodies', () => {
  it.each<[PushRuleKind, JsonObject, string]>([
    ['sender', {}, '400 M_MISSING_PARAM'],
    ['sender', { actions: 'notify' }, '400 M_BAD_JSON'],
    ['sender', { actions: [3] }, '400 M_BAD_JSON'],
    ['sender', { actions: ['shout'] }, '400 M_INVALID_PARAM'],
    ['sender', { actions: ['org.example.shout', 'dont_notify', { set_tweak: 'sound', value: 'x' }] }, 'none'],
    ['sender', { actions: [{ tweak: 1 }] }, '400 M_INVALID_PARAM'],
    ['content', { actions: [] }, '400 M_MISSING_PARAM'],
    ['content', { actions: [], pattern: 3 }, '400 M_BAD_JSON'],
    ['content', { actions: [], pattern: 'a'.repeat(256) }, '400 M_INVALID_PARAM'],
    ['override', { actions: [], conditions: {} }, '400 M_BAD_JSON'],
    ['override', { actions: [], conditions: [{}] }, '400 M_MISSING_PARAM'],
    ['override', { actions: [], conditions: [{ kind: 'event_match', key: 'type' }] }, '400 M_MISSING_PARAM'],
    ['override', { actions: [], conditions: [{ kind: 'org.example.new', x: [1] }] }, 'none'],
    ['override', { actions: [] }, 'none'],
  ])('of a %s rule %j is %s', (kind, given, expected) => {
    expect(errcode(() => parsePushRule(kind, given))).toBe(expected);
  });

  it('keep what the kind has and nothing else', () => {
    const given = { actions: [], pattern: 'x', conditions: [], rule_id: 'other', enabled: false };
    expect(parsePushRule('room', given)).toEqual({ actions: [] });
    expect(parsePushRule('content', given)).toEqual({ actions: [], pattern: 'x' });
    expect(parsePushRule('underride', given)).toEqual({ actions: [], conditions: [] });
  });

  it('of actions and enabled are checked too', () => {
    expect(parseEnabled({ enabled: false })).toBe(false);
    expect(errcode(() => parseEnabled({ enabled: 'no' }))).toBe('400 M_BAD_JSON');
    expect(errcode(() => parseActions({}))).toBe('400 M_MISSING_PARAM');
    expect(errcode(() => parseKind('device'))).toBe('400 M_INVALID_PARAM');
    expect(errcode(() => parseKindOfRule('device'))).toBe('404 M_NOT_FOUND');
  });
});
