// Unread counts by arithmetic equal those of a model that looks at every event.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Database } from '../../src/storage/database.ts';
import { pruneNotifications } from '../../src/storage/stores/prune-notifications.ts';
import { MAIN_THREAD, WHOLE_ROOM } from '../../src/storage/stores/read-marks.ts';
import { putReceipt, type ReceiptType } from '../../src/storage/stores/receipts.ts';
import { type UnreadCount, unreadCounts } from '../../src/storage/stores/unread-counts.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { internTestUsers, type StoredTestRoom, storeRoom } from '../harness/stored-room.ts';

const FAR = Number.MAX_SAFE_INTEGER;
const USERS = 3;

interface Outcome {
  readonly notify: boolean;
  readonly highlight: boolean;
}

type Step =
  | { do: 'send'; by: number; thread: number; outcome: Outcome; exceptions: Record<number, Outcome> }
  | { do: 'read'; by: number; type: ReceiptType; at: number; thread: number }
  | { do: 'leave'; by: number }
  | { do: 'join'; by: number };

const by = fc.integer({ min: 0, max: USERS - 1 });
const outcome: fc.Arbitrary<Outcome> = fc.constantFrom(
  { notify: false, highlight: false },
  { notify: true, highlight: false },
  { notify: true, highlight: false },
  { notify: true, highlight: true },
);
/** 0: the main timeline (for receipts also -1: unthreaded); else the thread whose root was the n-th event sent. */
const thread = fc.constantFrom(0, 0, 1, 2);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: sends() },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('read' as const),
      by,
      type: fc.constantFrom<ReceiptType>('m.read', 'm.read.private'),
      at: fc.nat(30),
      thread: fc.constantFrom(-1, 0, 1, 2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('leave' as const, 'join' as const), by }) },
);

function sends(): fc.Arbitrary<Step> {
  return fc.record({
    do: fc.constant('send' as const),
    by,
    thread,
    outcome,
    exceptions: fc.dictionary(fc.constantFrom('0', '1', '2'), outcome, { maxKeys: 2 }) as fc.Arbitrary<
      Record<number, Outcome>
    >,
  });
}

interface ModelEvent {
  readonly position: number;
  readonly nid: number;
  readonly eventId: string;
  /** nid of the root, 0 for main. */
  readonly thread: number;
  readonly outcome: Outcome;
  readonly exceptions: Record<number, Outcome>;
}

interface Mark {
  readonly user: number;
  /** -1: all. */
  readonly thread: number;
  readonly position: number;
}

const expected = (events: readonly ModelEvent[], marks: readonly Mark[], user: number) => {
  const counts = new Map<number, { notificationCount: number; highlightCount: number }>();
  for (const event of events) {
    const isRead = marks.some(
      (mark) =>
        mark.user === user && mark.position >= event.position && (mark.thread === -1 || mark.thread === event.thread),
    );
    const { notify, highlight } = event.exceptions[user] ?? event.outcome;
    if (isRead || !notify) continue;
    const count = counts.get(event.thread) ?? { notificationCount: 0, highlightCount: 0 };
    count.notificationCount += 1;
    if (highlight) count.highlightCount += 1;
    counts.set(event.thread, count);
  }
  return counts;
};

const run = async (db: Database, room: StoredTestRoom, users: readonly number[], steps: readonly Step[]) => {
  const events: ModelEvent[] = [];
  const marks: Mark[] = [];
  const joined = new Set<number>();
  const join = async (user: number): Promise<void> => {
    if (joined.has(user)) return;
    joined.add(user);
    const { position } = await room.member(users[user]!, 'join');
    marks.push({ user, thread: -1, position });
  };
  for (const user of users.keys()) await join(user);
  const rootOf = (number: number): number => (number <= 0 ? number : (events[number - 1]?.nid ?? 0));
  for (const each of steps) {
    if (each.do === 'join') await join(each.by);
    if (each.do === 'leave' && joined.delete(each.by)) await room.member(users[each.by]!, 'leave');
    if (!joined.has(each.by)) continue;
    if (each.do === 'send') {
      const root = rootOf(each.thread);
      const sent = await room.send({
        sender: users[each.by]!,
        thread: root === 0 ? null : root,
        notifies: each.outcome.notify,
        highlights: each.outcome.highlight,
        notifications: Object.entries(each.exceptions).map(([user, one]) => ({ user: users[Number(user)]!, ...one })),
      });
      events.push({ ...sent, thread: root, outcome: each.outcome, exceptions: each.exceptions });
      marks.push({ user: each.by, thread: root, position: sent.position });
    }
    const event = each.do === 'read' ? events[each.at % Math.max(events.length, 1)] : undefined;
    if (each.do === 'read' && event) {
      const read = rootOf(each.thread);
      await db.write(putReceipt, {
        room: room.nid,
        user: users[each.by]!,
        isLocal: true,
        type: each.type,
        threadId: read === -1 ? undefined : read === 0 ? 'main' : `$event${read}`,
        eventId: event.eventId,
        eventPosition: event.position,
        thread: read === -1 ? WHOLE_ROOM : read === 0 ? MAIN_THREAD : read,
        ts: 1,
      });
      marks.push({ user: each.by, thread: read, position: event.position });
    }
  }
  return { events, marks, joined };
};

describeOnBothEngines('unread counts', (open) => {
  test('equal those of a model that looks at every event', async () => {
    const db = await open();
    const users = await internTestUsers(db, '@a:test', '@b:test', '@c:test');
    let rooms = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const room = await storeRoom(db, `!room${++rooms}:test`);
        const { events, marks, joined } = await run(db, room, users, steps);
        for (const user of joined) {
          const model = expected(events, marks, user);
          const counts = await db.read((tx) => unreadCounts(tx, users[user]!, room.nid, FAR));
          const sum = (key: keyof UnreadCount): number =>
            [...model.values()].reduce((total, count) => total + count[key], 0);
          expect(counts).toMatchObject({
            notificationCount: sum('notificationCount'),
            highlightCount: sum('highlightCount'),
          });
          expect(counts.main).toEqual(model.get(0) ?? { notificationCount: 0, highlightCount: 0 });
          model.delete(0);
          expect(counts.threads).toEqual(model);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('are those of the position that is asked for', async () => {
    const db = await open();
    const [alice, bob] = (await internTestUsers(db, '@a:test', '@b:test')) as [number, number];
    const room = await storeRoom(db, '!room:test');
    await room.member(alice, 'join');
    await room.member(bob, 'join');
    const first = await room.send({ sender: alice, notifies: true });
    await room.send({ sender: alice, notifies: true, highlights: true });
    const at = (upTo: number) => db.read((tx) => unreadCounts(tx, bob, room.nid, upTo));
    expect(await at(first.position)).toMatchObject({ notificationCount: 1, highlightCount: 0 });
    expect(await at(FAR)).toMatchObject({ notificationCount: 2, highlightCount: 1 });
  });

  test('stay the same when what was read long ago is forgotten', async () => {
    const db = await open();
    const [alice, bob] = (await internTestUsers(db, '@a:test', '@b:test')) as [number, number];
    const room = await storeRoom(db, '!room:test');
    await room.member(bob, 'join');
    const muted = () =>
      room.send({ sender: alice, notifies: true, notifications: [{ user: bob, notify: false, highlight: false }] });
    const loud = () => room.send({ sender: alice, notifies: true });
    const sent = [await muted(), await loud(), await muted(), await muted(), await loud(), await muted()];
    const mark = { room: room.nid, user: bob, isLocal: true, type: 'm.read', threadId: undefined, ts: 1 } as const;
    const { eventId, position } = sent[3]!;
    await db.write(putReceipt, { ...mark, eventId, eventPosition: position, thread: WHOLE_ROOM });
    const rows = async (): Promise<number> =>
      (await db.read((tx) => tx.all('SELECT position FROM notifications'))).length;
    const unread = async (): Promise<number> =>
      (await db.read((tx) => unreadCounts(tx, bob, room.nid, FAR))).notificationCount;
    expect([await unread(), await rows()]).toEqual([1, 4]);
    let after: number | undefined = 0;
    while (after !== undefined) after = await db.write(pruneNotifications, { after, before: FAR, limit: 2 });
    // The latest that is read, and what is not read.
    expect([await unread(), await rows()]).toEqual([1, 2]);
  });

  test('do not go back to zero when the own name in the room changes', async () => {
    const db = await open();
    const [alice, bob] = (await internTestUsers(db, '@a:test', '@b:test')) as [number, number];
    const room = await storeRoom(db, '!room:test');
    await room.member(bob, 'join');
    await room.send({ sender: alice, notifies: true });
    await room.member(bob, 'join');
    const counts = await db.read((tx) => unreadCounts(tx, bob, room.nid, FAR));
    expect(counts.notificationCount).toBe(1);
  });
});
