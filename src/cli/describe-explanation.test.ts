// Explanations of what the ledger holds, from rows as the room engine writes them.

import { expect, test } from 'vitest';
import { openFreshSqlite } from '../../tests/harness/databases.ts';
import { openTestRooms } from '../../tests/harness/rooms.ts';
import { createExplain } from '../operations/explain/explain.ts';
import type { EventId, RoomId } from '../protocol/ids/branded.ts';
import type { Database } from '../storage/database.ts';
import { eventById } from '../storage/stores/events.ts';
import { type EventRow, persistEvents, reserveEventNids } from '../storage/stores/persist.ts';
import { roomById } from '../storage/stores/rooms.ts';
import { describeEvent, describeRoom } from './describe-explanation.ts';

const missing = '$missing' as EventId;

/** Stores a copy of the room's event under another id, as one that failed. */
const storeFailed = async (db: Database, roomId: RoomId, of: EventId, row: Partial<EventRow>): Promise<void> => {
  const room = (await db.read((tx) => roomById(tx, roomId)))!;
  const copied = (await db.read((tx) => eventById(tx, of)))!;
  const names = await db.read((tx) => tx.get<{ type: number }>('SELECT type FROM events WHERE nid = ?', copied.nid));
  const event: EventRow = {
    nid: await db.write(reserveEventNids, 1),
    eventId: '$failed',
    type: names!.type,
    sender: copied.senderNid,
    stateKey: copied.stateKeyNid,
    originServerTs: copied.originServerTs,
    depth: copied.depth,
    content: copied.content,
    rest: copied.rest,
    stateRoot: copied.stateRoot,
    currentRoot: null,
    replaces: null,
    thread: null,
    notifies: false,
    highlights: false,
    notifiedTotal: 0,
    verdict: 2,
    inTimeline: false,
    prevs: [],
    missingPrevs: [],
    ...row,
  };
  await db.write(persistEvents, {
    room: { nid: room.nid },
    sequence: room.sequence,
    upon: room.extremities,
    events: [event],
    memberships: [],
    stateRoot: room.stateRoot,
    stateChanged: false,
    nodes: [],
    extremities: room.extremities,
    notifiedTotal: 0,
    now: 5000,
  });
};

test('events and rooms are explained by what the ledger holds', async () => {
  await using fresh = await openFreshSqlite();
  const db = fresh.database;
  const rooms = openTestRooms(db);
  const alice = await rooms.person('alice');
  const roomId = await rooms.create(alice);
  const good = await rooms.say(roomId, alice, 'hello');
  const failure = { check: 'auth-events', rule: '8', sentence: 'Otherwise, reject.', inputs: [good, missing] };
  await storeFailed(db, roomId, good, { failure, missingPrevs: [missing], seeks: [missing] });
  const explain = createExplain({ db });

  const accepted = (await explain.event(good))!;
  expect(accepted).toMatchObject({
    verdict: 'accepted',
    failed: null,
    room_id: roomId,
    awaits: [],
    type: 'm.room.message',
  });
  expect(describeEvent(accepted)[0]).toBe(`${good} is accepted.`);

  const failed = (await explain.event('$failed' as EventId))!;
  expect(failed).toMatchObject({
    verdict: 'rejected',
    position: null,
    missing_prev_events: [missing],
    failed: {
      check: 'auth-events',
      rule: '8',
      judged_ts: 5000,
      inputs: [
        { event_id: good, type: 'm.room.message', verdict: 'accepted' },
        { event_id: missing, type: null, verdict: 'missing' },
      ],
    },
  });
  const text = describeEvent(failed).join('\n');
  expect(text).toContain('Failed: auth-events, rule 8: Otherwise, reject.');
  expect(text).toContain(`Asked for again:\n  ${missing} at 1970-01-01T00:10:05.000Z; 0 attempts were in vain`);
  expect(text).toContain(`Judged by:\n  ${good} m.room.message, accepted\n  ${missing} (not here)`);

  const room = (await explain.room(roomId))!;
  expect(room).toMatchObject({
    resident: 'yes',
    events: 7,
    missing_prev_events: 1,
    state_entries: 5,
    extremities: [{ event_id: good }],
    failures: [{ verdict: 'rejected', check: 'auth-events', count: 1 }],
    holes: [],
  });
  expect(describeRoom(room).join('\n')).toContain('1 rejected: auth-events, rule 8: Otherwise, reject.');

  expect(await explain.event(missing)).toBeUndefined();
  expect(await explain.room('!none:x' as RoomId)).toBeUndefined();
});
