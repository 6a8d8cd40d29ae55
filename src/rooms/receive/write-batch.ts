// Hands a judged batch to the one writer of events and moves the warm room on at once, as persist/enqueue does for local ones.

import type { DirectoryChange } from '../../storage/stores/directory.ts';
import {
  type Completion,
  type EventRow,
  type PartialJoinRow,
  type Persisted,
  persistEvents,
} from '../../storage/stores/persist.ts';
import { bytesToHash, hashToBytes } from '../state/room-state.ts';
import { type Batch, commitBatch, discardBatch } from './batch.ts';
import { currentState } from './current-state.ts';
import { changesOfKnown, membershipChanges } from './membership-changes.ts';

export interface WriteExtras {
  readonly residency?: 1 | 2;
  readonly rejudged?: readonly number[];
  readonly directory?: DirectoryChange | undefined;
  readonly partialJoin?: PartialJoinRow;
  readonly completion?: Completion;
}

/** Call it under the room's lock. `written` settles with the write; undefined: there is nothing to write. */
export const writeBatch = async (
  batch: Batch,
  extras: WriteExtras = {},
): Promise<{ readonly written: Promise<Persisted> } | undefined> => {
  const { engine, room } = batch;
  const rejudged = extras.rejudged ?? [];
  if (batch.rows.length === 0 && rejudged.length === 0 && !extras.completion) return undefined;
  await currentState(batch);
  const { head } = batch;
  const before = room.head;
  const memberships = await (extras.completion ? changesOfKnown(batch) : membershipChanges(batch));
  const events = rowsWithLastState(batch);
  room.head = { ...head, sequence: before.sequence + 1 };
  if (batch.ends) room.ends = batch.ends;
  const written = settle(
    batch,
    engine.db.write(persistEvents, {
      room: { nid: room.nid },
      sequence: before.sequence,
      upon: before.extremities.map(({ nid }) => nid),
      events,
      memberships,
      stateRoot: hashToBytes(head.stateRoot),
      stateChanged: head.stateRoot !== before.stateRoot,
      nodes: batch.nodes.map(({ hash, body }) => ({ hash: hashToBytes(hash), body })),
      extremities: head.extremities.map(({ nid }) => nid),
      notifiedTotal: head.notifiedTotal,
      rejudged,
      ...(extras.residency && { residency: extras.residency }),
      ...(extras.directory && { directory: extras.directory }),
      ...(extras.partialJoin && { partialJoin: extras.partialJoin }),
      ...(extras.completion && { completion: extras.completion }),
      toRejudge: [...batch.toRejudge],
      now: engine.clock.now(),
    }),
  );
  room.latestWrite = written;
  if (events.some(isWaiting)) room.latestWaiting = written;
  return { written };
};

/** Whether another event, once it comes, has to know of it. */
const isWaiting = ({ missingPrevs, awaits = [], redaction }: EventRow): boolean =>
  missingPrevs.length > 0 || awaits.length > 0 || (redaction !== undefined && !redaction.apply);

/** What changed the state without an event that shows it is shown from the last event of the timeline on. */
const rowsWithLastState = ({ rows, head, room }: Batch): readonly EventRow[] => {
  const last = rows.findLastIndex(({ inTimeline }) => inTimeline);
  const changed = rows.findLast(({ inTimeline, currentRoot }) => inTimeline && currentRoot !== null)?.currentRoot;
  const shown = changed ? bytesToHash(changed) : room.head.stateRoot;
  if (last === -1 || shown === head.stateRoot) return rows;
  return rows.with(last, { ...rows[last]!, currentRoot: hashToBytes(head.stateRoot) });
};

const settle = async (batch: Batch, written: Promise<Persisted>): Promise<Persisted> => {
  try {
    const persisted = await written;
    commitBatch(batch);
    return persisted;
  } catch (error) {
    batch.engine.warm.drop(batch.room);
    discardBatch(batch);
    throw error;
  }
};
