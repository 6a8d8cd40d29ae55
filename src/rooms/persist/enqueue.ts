// Hands prepared events to the one writer of events and moves the warm room on at once; a failed write takes it back.

import type { DirectoryChange } from '../../storage/stores/directory.ts';
import type { PersistArgs, Persisted } from '../../storage/stores/persist.ts';
import { persistEvents } from '../../storage/stores/persist.ts';
import type { Engine } from '../rooms.ts';
import type { Prepared } from '../send/prepare-event.ts';
import { hashToBytes } from '../state/room-state.ts';
import type { WarmRoom } from '../warm-rooms.ts';

/** Call it under the room's lock: writes of one room reach the database in the order of this call. */
export const enqueue = (
  engine: Engine,
  room: WarmRoom,
  prepared: readonly Prepared[],
  directory?: DirectoryChange,
): Promise<Persisted> => {
  const before = room.head;
  const { head } = prepared.at(-1)!;
  room.head = { ...head, sequence: before.sequence + 1 };
  const args: PersistArgs = {
    room: { nid: room.nid },
    sequence: before.sequence,
    upon: before.extremities.map(({ nid }) => nid),
    stateChanged: head.stateRoot !== before.stateRoot,
    ...(directory && { directory }),
    ...persistRows(engine, prepared),
  };
  for (const one of prepared) beginState(engine, room, one);
  const written = settle(engine, room, prepared, engine.db.write(persistEvents, args));
  room.latestWrite = written;
  return written;
};

/** Where branches are resolved before it is on disk, what it refers to is asked for. */
const beginState = ({ known }: Engine, room: WarmRoom, { event, row, head }: Prepared): void => {
  if (event.stateKey === undefined) return;
  const { eventId, depth } = event;
  const { nid, stateKey, thread } = row;
  const root = head.extremities[0]!.stateRoot;
  known.begin({ nid, eventId, room: room.nid, verdict: 0, root, depth, stateKey, thread, isPlaced: true }, event);
};

const endState = ({ known }: Engine, prepared: readonly Prepared[], isStored: boolean): void => {
  for (const { event } of prepared) if (event.stateKey !== undefined) known.end(event.eventId, isStored);
};

/** What every persist writes, whether the room is new or not. */
export const persistRows = (
  engine: Engine,
  prepared: readonly Prepared[],
): Omit<PersistArgs, 'room' | 'sequence' | 'upon' | 'stateChanged' | 'directory'> => {
  const { head } = prepared.at(-1)!;
  return {
    events: prepared.map(({ row }) => row),
    memberships: prepared.flatMap(({ membership }) => membership ?? []),
    stateRoot: hashToBytes(head.stateRoot),
    nodes: prepared.flatMap(({ nodes }) => nodes.map(({ hash, body }) => ({ hash: hashToBytes(hash), body }))),
    extremities: head.extremities.map(({ nid }) => nid),
    notifiedTotal: head.notifiedTotal,
    now: engine.clock.now(),
  };
};

const settle = async (
  engine: Engine,
  room: WarmRoom,
  prepared: readonly Prepared[],
  written: Promise<Persisted>,
): Promise<Persisted> => {
  try {
    const persisted = await written;
    endState(engine, prepared, true);
    for (const { held, row } of prepared) {
      held.commit();
      // The redacted form is read from the database from now on.
      if (row.redaction?.apply) engine.state.forget(row.redaction.apply.nid);
    }
    return persisted;
  } catch (error) {
    engine.warm.drop(room);
    endState(engine, prepared, false);
    for (const { held } of prepared) held.discard();
    throw error;
  }
};
