// Members of other servers that this one let in, on their way to the rest of the room.

import { expect, test } from 'vitest';
import type { EventId, ServerName, UserId } from '../../src/protocol/ids/branded.ts';
import type { IncomingEvent } from '../../src/rooms/receive/incoming.ts';
import { eventsByNid } from '../../src/storage/stores/events.ts';
import { outgoingBetween, oweForward } from '../../src/storage/stores/outgoing-events.ts';
import { describeOnBothEngines } from '../harness/databases.ts';
import { createForeignRoom } from '../harness/foreign-events.ts';
import { openTestRooms } from '../harness/rooms.ts';

const serverName = 'example.org' as ServerName;
const alice = '@alice:example.org' as UserId;
const bob = '@bob:elsewhere.example';

describeOnBothEngines('forwarded events', (open) => {
  const enter = async () => {
    const db = await open();
    const { rooms } = openTestRooms(db);
    const room = createForeignRoom();
    await rooms.receive.enterRoom(room.joinOf(alice));
    const after = await db.read(async (tx) => (await outgoingBetween(tx, { serverName, after: 0, upTo: 1e9 })).length);
    const accept = (event: IncomingEvent, isForwarded = false) =>
      rooms.receive.accept(room.roomId, [event], { as: 'new', onMissing: 'judge', isForwarded });
    const outgoing = (): Promise<EventId[]> =>
      db.read(async (tx) => {
        const rows = await outgoingBetween(tx, { serverName, after: 0, upTo: 1e9 });
        const events = await eventsByNid(
          tx,
          rows.slice(after).map(({ nid }) => nid),
        );
        return events.map(({ eventId }) => eventId);
      });
    return { db, room, accept, outgoing };
  };

  test('go out when they are accepted at once', async () => {
    const { room, accept, outgoing } = await enter();
    const join = room.member('@carol:third.example', 'join');
    expect(await accept(join, true)).toMatchObject([{ fate: 'accepted' }]);
    expect(await accept(room.say(bob, 'not forwarded'))).toMatchObject([{ fate: 'accepted' }]);
    expect(await outgoing()).toEqual([join.event.eventId]);
  });

  test('go out when they are rejected first and accepted when they are judged again', async () => {
    const { db, room, accept, outgoing } = await enter();
    const missing = room.say(bob, 'late');
    const join = room.member('@carol:third.example', 'join');
    expect(await accept(join, true)).toMatchObject([{ fate: 'rejected' }]);
    await db.write(oweForward, join.event.eventId);
    expect(await outgoing()).toEqual([]);
    expect(await accept(missing)).toMatchObject([{ fate: 'accepted' }]);
    expect(await outgoing()).toEqual([join.event.eventId]);
  });
});
