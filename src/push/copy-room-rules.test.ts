import { expect, test } from 'vitest';
import type { RoomId } from '../protocol/ids/branded.ts';
import { putRule } from '../protocol/push-rules/change-push-rules.ts';
import { noUserPushRules } from '../protocol/push-rules/user-push-rules.ts';
import { copyRoomRules } from './copy-room-rules.ts';

const old = '!old:test' as RoomId;
const replacement = '!new:test' as RoomId;

test('rules that name a room are copied, once, and others are left alone', () => {
  let own = putRule(noUserPushRules, 'room', old, { actions: ['notify'] });
  own = putRule(own, 'override', old, {
    actions: [],
    conditions: [{ kind: 'event_match', key: 'room_id', pattern: old }],
  });
  own = putRule(own, 'content', 'cake', { actions: ['notify'], pattern: 'cake' });
  const copied = copyRoomRules(own, old, replacement);
  expect(copied.rules.room.map(({ rule_id: id }) => id)).toEqual([old, replacement]);
  expect(copied.rules.override[1]).toMatchObject({
    rule_id: replacement,
    actions: [],
    conditions: [{ kind: 'event_match', key: 'room_id', pattern: replacement }],
  });
  expect(copied.rules.content).toEqual(own.rules.content);
  expect(copyRoomRules(copied, old, replacement)).toBe(copied);
  expect(copyRoomRules(noUserPushRules, old, replacement)).toBe(noUserPushRules);
});
