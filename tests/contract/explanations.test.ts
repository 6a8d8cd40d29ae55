import { expect, it } from 'vitest';
import { createExplain } from '../../src/operations/explain/explain.ts';
import type { EventId } from '../../src/protocol/ids/branded.ts';
import type { IncomingEvent } from '../../src/rooms/receive/incoming.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { createForeignRoom } from '../harness/foreign-events.ts';
import { openTestRooms } from '../harness/rooms.ts';

const bob = '@bob:elsewhere.example';
const carol = '@carol:third.example';

describeOnBothEngines('explanations of verdicts', (open) => {
  const enter = async () => {
    const db = await open();
    const { rooms } = openTestRooms(db);
    const room = createForeignRoom();
    await rooms.receive.enterRoom(room.joinOf('@alice:example.org'));
    const accept = (events: readonly IncomingEvent[], onMissing: 'wait' | 'judge' = 'wait') =>
      rooms.receive.accept(room.roomId, events, { as: 'new', onMissing });
    return { room, accept, explain: createExplain({ db }) };
  };

  it('names the check, the rule and what the verdict stands upon', async () => {
    const { room, accept, explain } = await enter();
    const join = room.member(carol, 'join');
    const ban = room.member(carol, 'ban', bob);
    await accept([join, ban]);
    const late = room.say(carol, 'late', { prev: [join.event.eventId] });
    const forbidden = room.say('@mallory:evil.example', 'no', { prev: [ban.event.eventId] });
    await accept([late, forbidden]);
    expect(await explain.event(join.event.eventId)).toMatchObject({
      ...{ verdict: 'accepted', failed: null, awaits: [], asked_again: [] },
    });
    const soft = await explain.event(late.event.eventId);
    expect(soft).toMatchObject({ verdict: 'soft-failed', position: null, failed: { check: 'current-state' } });
    const rejected = await explain.event(forbidden.event.eventId);
    expect(rejected).toMatchObject({ verdict: 'rejected', failed: { check: 'auth-events' } });
    expect(rejected?.failed?.sentence).not.toBe('');
    // Each input knows what fell because of it.
    for (const { event_id: input } of soft?.failed?.inputs ?? []) {
      const { fell } = (await explain.event(input))!;
      expect(fell.map(({ event_id: id }) => id)).toContain(late.event.eventId);
    }
    const summary = (await explain.room(room.roomId))!;
    expect(summary).toMatchObject({ resident: 'yes', version: '11', waiting: 0 });
    expect(summary.outliers).toBeGreaterThan(0);
    expect(summary.failures.map(({ verdict, check, count }) => `${count} ${check} ${verdict}`).sort()).toEqual([
      '1 auth-events rejected',
      '1 current-state soft-failed',
    ]);
  });

  it('tells what an event waits for, until that arrives', async () => {
    const { room, accept, explain } = await enter();
    const lost = room.say(bob, 'lost');
    const after = room.say(bob, 'after');
    await accept([after], 'judge');
    expect(await explain.event(after.event.eventId)).toMatchObject({
      verdict: 'rejected',
      failed: { check: 'prev-events-present' },
      awaits: [lost.event.eventId],
      missing_prev_events: [lost.event.eventId],
      asked_again: [{ event_id: lost.event.eventId, attempts: 0, due_ts: expect.any(Number) }],
    });
    expect(await explain.room(room.roomId)).toMatchObject({ waiting: 1, missing_prev_events: 1 });
    await accept([lost]);
    expect(await explain.event(after.event.eventId)).toMatchObject({
      ...{ verdict: 'accepted', failed: null, awaits: [], asked_again: [] },
    });
    expect(await explain.room(room.roomId)).toMatchObject({ waiting: 0, missing_prev_events: 0, failures: [] });
  });

  it('finds the hole below where this server came in', async () => {
    const { room, explain } = await enter();
    const { holes, extremities } = (await explain.room(room.roomId))!;
    expect(holes.map(({ event_id: id }) => id)).toEqual(room.tips);
    expect(extremities.map(({ event_id: id }) => id)).toEqual(room.tips);
    expect(await explain.event('$unknown' as EventId)).toBeUndefined();
  });
});
