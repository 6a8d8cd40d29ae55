// The shared outcome and its exceptions equal what each user's own evaluation says.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { UserId } from '../ids/branded.ts';
import { compileRules, evaluate } from './compile-rules.ts';
import { defaultRules } from './default-rules.ts';
import { outcomeForDefaultRules } from './outcome-for-default-rules.ts';
import { pushSubject } from './push-subject.ts';
import { testContext, testEvent } from './test-event.ts';

const users = ['@a:x', '@b:x', '@c:x'];
const name = fc.constantFrom(...users, '', '@');

const event = fc.record({
  type: fc.constantFrom('m.room.message', 'm.room.member', 'm.room.encrypted', 'm.reaction', 'm.room.tombstone'),
  sender: fc.constantFrom(...users).map((user) => user as UserId),
  stateKey: fc.option(name, { nil: undefined }),
  content: fc.record({
    membership: fc.constantFrom('invite', 'join'),
    msgtype: fc.constantFrom('m.text', 'm.notice'),
    'm.mentions': fc.record({ user_ids: fc.array(name), room: fc.boolean() }),
  }),
});

it('holds for every user with the default rules', () => {
  fc.assert(
    fc.property(event, fc.constantFrom(2, 3), fc.constantFrom(0, 50), (fields, memberCount, senderPowerLevel) => {
      const subject = pushSubject(testEvent(fields));
      const context = { memberCount, senderPowerLevel, notificationLevels: {} };
      const { common, exceptions } = outcomeForDefaultRules(subject, context);
      for (const userId of [...users, '@other:x']) {
        const own = evaluate(compileRules(defaultRules(userId)), subject, testContext({ ...context, userId }));
        const { ruleId, notify, highlight, sound } = exceptions.get(userId) ?? common;
        expect({ ruleId, notify, highlight, sound }).toEqual({
          ruleId: own.ruleId,
          notify: own.notify,
          highlight: own.highlight,
          sound: own.sound,
        });
      }
    }),
    { numRuns: 300 },
  );
});

it('singles out only those for whom it differs', () => {
  const mentions = { user_ids: ['@a:x', '@b:x', '@sender:example.org', 7] };
  const subject = pushSubject(testEvent({ content: { body: 'hi', 'm.mentions': mentions } }));
  const { common, exceptions } = outcomeForDefaultRules(subject, testContext());
  expect(common.ruleId).toBe('.m.rule.message');
  expect([...exceptions].map(([userId, { ruleId }]) => [userId, ruleId])).toEqual([
    ['@a:x', '.m.rule.is_user_mention'],
    ['@b:x', '.m.rule.is_user_mention'],
    ['@sender:example.org', undefined],
  ]);
});
