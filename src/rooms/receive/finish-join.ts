// Writes what follows from the state of a room that was entered in part, once it is whole: the members some at a time, so that nobody
// who sends waits for all of them, and the verdicts that come out otherwise. Only then is the room shown as whole. It begins anew
// wherever it was stopped.

import { slicesOf } from '../../lib/slices-of.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import { showWhole, storeMemberships } from '../../storage/stores/whole-rooms.ts';
import type { Engine } from '../rooms.ts';
import { allEntries, getEntries } from '../state-tree/read-entries.ts';
import { storedMembers } from './membership-changes.ts';
import { rejudgeRoom } from './rejudge-room.ts';

/** Members in one write, which takes some 10 ms. */
const MEMBERS_AT_ONCE = 500;

/** Nothing is done for a room that is shown as whole, or has not got its whole state. */
export const finishJoin = async (engine: Engine, roomId: RoomId): Promise<void> => {
  const room = await engine.lock.run(roomId, () => engine.warm.get(roomId));
  if (!room || room.isPartial) return;
  const entries = await allEntries(engine.state.source, room.head.stateRoot);
  for (const some of slicesOf(entries, MEMBERS_AT_ONCE)) await storeMembers(engine, roomId, some);
  do await rejudgeRoom(engine, roomId);
  while (!(await engine.db.write(showWhole, room.nid)));
};

/** Of the entries those that are in the room's state now: who changed since was written with what changed. */
const storeMembers = async (
  engine: Engine,
  roomId: RoomId,
  entries: readonly (readonly [key: number, event: number])[],
): Promise<void> => {
  const members = await storedMembers(
    engine,
    entries.map(([key, event]) => ({ key, before: undefined, after: event })),
  );
  const keys = new Map(entries.map(([key, event]) => [event, key]));
  const write = await engine.lock.run(roomId, async () => {
    const room = await engine.warm.get(roomId);
    if (!room) return undefined;
    // Of what is on its way to the disk it is not known yet whether it holds.
    await room.latestWrite;
    const now = await getEntries(engine.state.source, room.head.stateRoot, [...keys.values()]);
    const rows = members.filter(({ event }) => now.get(keys.get(event)!) === event);
    return { written: engine.db.write(storeMemberships, { room: room.nid, rows }) };
  });
  await write?.written;
};
