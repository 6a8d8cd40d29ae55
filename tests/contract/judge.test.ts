// Whom an event notifies, judged once for all, equals what each member's own rules say.

import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { type ManualClock, manualClock } from '../../src/lib/manual-clock.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { RoomEvent } from '../../src/protocol/events/room-event.ts';
import type { EventId, RoomId, ServerName, UserId } from '../../src/protocol/ids/branded.ts';
import { putRule, setActions, setEnabled } from '../../src/protocol/push-rules/change-push-rules.ts';
import { compileRules, evaluate } from '../../src/protocol/push-rules/compile-rules.ts';
import { pushSubject } from '../../src/protocol/push-rules/push-subject.ts';
import { mergeRules, noUserPushRules, type UserPushRules } from '../../src/protocol/push-rules/user-push-rules.ts';
import { roomVersions } from '../../src/protocol/room-versions/room-versions.ts';
import { createJudging } from '../../src/push/judging.ts';
import type { RuleClasses } from '../../src/push/rule-classes.ts';
import type { NotificationContext, NotificationPort } from '../../src/rooms/ports.ts';
import type { Database } from '../../src/storage/database.ts';
import { GLOBAL, putAccountData } from '../../src/storage/stores/account-data.ts';
import { pushRulesOf, putPushRules } from '../../src/storage/stores/push-rules.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { internTestUsers, type StoredTestRoom, storeRoom } from '../harness/stored-room.ts';

const log = createLog({ level: 'silent', format: 'text' });
const stateRoot = '00'.repeat(32);
const names = ['alice', 'bob', 'carol', 'dave', 'eve', 'frank'];
const userIds = names.map((name) => `@${name}:test` as UserId);
/** Members are all but the last two. */
const MEMBERS = 4;

const ruleSets: readonly UserPushRules[] = [
  noUserPushRules,
  setEnabled(noUserPushRules, 'override', '.m.rule.master', true),
  setEnabled(noUserPushRules, 'override', '.m.rule.suppress_notices', false),
  setActions(noUserPushRules, 'underride', '.m.rule.message', []),
  putRule(noUserPushRules, 'content', 'cake', { actions: ['notify', { set_tweak: 'highlight' }], pattern: 'cake' }),
  putRule(noUserPushRules, 'sender', '@alice:test', { actions: [] }),
  putRule(noUserPushRules, 'override', 'name', {
    actions: ['notify', { set_tweak: 'highlight' }],
    conditions: [{ kind: 'contains_display_name' }],
  }),
  putRule(noUserPushRules, 'override', 'small', {
    actions: [],
    conditions: [{ kind: 'room_member_count', is: '<4' }],
  }),
];

const user = fc.nat(names.length - 1);
const event = fc.record({
  sender: fc.nat(MEMBERS - 1),
  kind: fc.constantFrom('message', 'message', 'notice', 'member', 'tombstone', 'topic'),
  mentions: fc.array(user, { maxLength: 3 }),
  room: fc.boolean(),
  target: user,
  body: fc.constantFrom('hello', 'cake!', 'mr fantastic'),
});
type EventRecipe = typeof event extends fc.Arbitrary<infer T> ? T : never;

const toEvent = (roomId: string, recipe: EventRecipe): RoomEvent => {
  const { kind, mentions, body } = recipe;
  const base = {
    eventId: '$event' as EventId,
    roomId: roomId as RoomId,
    sender: userIds[recipe.sender]!,
    originServerTs: 1,
    depth: 1,
    prevEvents: [],
    authEvents: [],
    redacts: undefined,
    stateKey: undefined,
  };
  if (kind === 'member') {
    const content = { membership: 'invite' };
    return { ...base, type: 'm.room.member', stateKey: userIds[recipe.target], content };
  }
  if (kind === 'tombstone') return { ...base, type: 'm.room.tombstone', stateKey: '', content: {} };
  if (kind === 'topic') return { ...base, type: 'm.room.topic', stateKey: '', content: { topic: body } };
  const content: JsonObject = {
    msgtype: kind === 'notice' ? 'm.notice' : 'm.text',
    body,
    'm.mentions': { user_ids: mentions.map((index) => userIds[index]!), room: recipe.room },
  };
  return { ...base, type: 'm.room.message', content };
};

describeOnBothEngines('judging whom an event notifies', (open) => {
  let db: Database;
  let clock: ManualClock;
  let room: StoredTestRoom;
  let users: number[];
  let ruleClasses: RuleClasses;
  let judge: NotificationPort;

  const powerLevels: RoomEvent = {
    eventId: '$levels' as EventId,
    roomId: '!room:test' as RoomId,
    type: 'm.room.power_levels',
    stateKey: '',
    sender: userIds[0]!,
    content: { users: { [userIds[0]!]: 100 }, notifications: { room: 50 } },
    originServerTs: 1,
    depth: 1,
    prevEvents: [],
    authEvents: [],
    redacts: undefined,
  };

  const contextOf = (sender: number): NotificationContext => ({
    room: room.nid,
    version: roomVersions['11'],
    powerLevels,
    create: undefined,
    sender: users[sender]!,
    stateRoot,
  });

  const setRules = async (index: number, own: UserPushRules): Promise<void> => {
    const user = users[index]!;
    const before = await db.read((tx) => pushRulesOf(tx, user));
    const rules = JSON.stringify(own);
    await db.write(putPushRules, { user, before, rules, merged: '{}', defaults: 'test' });
    ruleClasses.changed(user);
  };

  beforeEach(async () => {
    db = await open();
    clock = manualClock();
    users = await internTestUsers(db, ...userIds);
    room = await storeRoom(db, '!room:test');
    for (const [index, user] of users.entries()) {
      if (index < MEMBERS) await room.member(user, 'join', true, { displayname: index === 1 ? 'mr fantastic' : 'x' });
    }
    const judging = createJudging({ db, clock, log, serverName: 'test' as ServerName });
    ({ ruleClasses, notifications: judge } = judging);
  });

  test('equals what the rules of each say', async () => {
    const rules = fc.array(fc.nat(ruleSets.length - 1), { minLength: names.length, maxLength: names.length });
    await fc.assert(
      fc.asyncProperty(rules, fc.array(event, { minLength: 1, maxLength: 6 }), async (chosen, recipes) => {
        for (const [index, number] of chosen.entries()) await setRules(index, ruleSets[number]!);
        for (const recipe of recipes) {
          const judged = toEvent(room.roomId, recipe);
          const outcome = await judge.judge(judged, contextOf(recipe.sender));
          const rows = new Map(outcome.exceptions.map((row) => [row.user, row]));
          expect(rows.size).toBe(outcome.exceptions.length);
          for (const [index, userId] of userIds.entries()) {
            const isTarget = judged.type === 'm.room.member' && judged.stateKey === userId;
            if (index === recipe.sender || (index >= MEMBERS && !isTarget)) continue;
            const own = evaluate(compileRules(mergeRules(userId, ruleSets[chosen[index]!]!)), pushSubject(judged), {
              memberCount: MEMBERS,
              senderPowerLevel: recipe.sender === 0 ? 100 : 0,
              notificationLevels: { room: 50 },
              userId,
              displayName: index === 1 ? 'mr fantastic' : 'x',
            });
            const row = rows.get(users[index]!);
            const given = row ?? { notify: outcome.notifies, highlight: outcome.highlights };
            // Who is outside is notified by a row of their own only.
            const expected = { notify: own.notify, highlight: own.highlight };
            if (row || index < MEMBERS) expect(given).toMatchObject(expected);
            else expect(expected.notify).toBe(outcome.notifies);
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  test('leaves out those who ignore the sender', async () => {
    const recipe = { sender: 0, kind: 'message', mentions: [1, 2], room: false, target: 0, body: 'hello' } as const;
    const message = toEvent(room.roomId, { ...recipe, mentions: [1, 2] });
    const highlighted = (index: number) => ({ user: users[index], notify: true, highlight: true });
    const ignores = (index: number) => ({ user: users[index], notify: false, highlight: false });
    expect((await judge.judge(message, contextOf(0))).exceptions).toEqual([highlighted(1), highlighted(2)]);
    for (const index of [1, 3]) {
      const content = JSON.stringify({ ignored_users: { [userIds[0]!]: {} } });
      await db.write(putAccountData, { user: users[index]!, room: GLOBAL, type: 'm.ignored_user_list', content });
    }
    await clock.advance(50);
    await expect
      .poll(async () => (await judge.judge(message, contextOf(0))).exceptions)
      .toEqual([ignores(1), highlighted(2), ignores(3)]);
    await db.write(putAccountData, { user: users[1]!, room: GLOBAL, type: 'm.ignored_user_list', content: '{}' });
    await clock.advance(50);
    await expect
      .poll(async () => (await judge.judge(message, contextOf(0))).exceptions)
      .toEqual([highlighted(1), highlighted(2), ignores(3)]);
  });

  test('follows members and rules as they change', async () => {
    const message = toEvent(room.roomId, {
      sender: 0,
      kind: 'message',
      mentions: [4],
      room: false,
      target: 0,
      body: 'hello',
    });
    expect((await judge.judge(message, contextOf(0))).exceptions).toEqual([]);
    await room.member(users[4]!, 'join');
    const later = { ...contextOf(0), stateRoot: '11'.repeat(32) };
    expect((await judge.judge(message, later)).exceptions).toEqual([{ user: users[4], notify: true, highlight: true }]);
    await setRules(4, ruleSets[1]!);
    expect((await judge.judge(message, later)).exceptions).toEqual([
      { user: users[4], notify: false, highlight: false },
    ]);
  });
});
