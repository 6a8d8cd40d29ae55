// Hands a judged batch to the one writer of events and moves the warm room on at once, as persist/enqueue does for local ones.

import type { UserId } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import { isUserId } from '../../protocol/ids/user-id.ts';
import type { DirectoryChange } from '../../storage/stores/directory.ts';
import { findUsers } from '../../storage/stores/names.ts';
import {
  type Completion,
  type EventRow,
  type MembershipRow,
  type PartialJoinRow,
  type Persisted,
  persistEvents,
} from '../../storage/stores/persist.ts';
import { bytesToHash, hashToBytes } from '../state/room-state.ts';
import { diffTrees, type EntryDifference } from '../state-tree/diff-trees.ts';
import { type Batch, commitBatch, discardBatch } from './batch.ts';
import { currentState } from './current-state.ts';

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
  const memberships = await membershipChanges(batch);
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

/** Members are loaded in chunks of this many: a room that is entered has all of them. */
const CHUNK = 1000;

/** Every m.room.member of the current state that is another than before, be it by resolution. */
const membershipChanges = async (batch: Batch): Promise<MembershipRow[]> => {
  const { engine, room, head } = batch;
  const differences = await diffTrees(engine.state.source, room.head.stateRoot, head.stateRoot);
  const rows: MembershipRow[] = [];
  for (let at = 0; at < differences.length; at += CHUNK) {
    rows.push(...(await membersAmong(batch, differences.slice(at, at + CHUNK))));
  }
  return rows;
};

const membersAmong = async (batch: Batch, differences: readonly EntryDifference[]): Promise<MembershipRow[]> => {
  const { engine, room, users } = batch;
  const nids = differences.map(({ before, after }) => (after ?? before)!);
  const told = nids.flatMap((nid) => batch.told.get(nid) ?? []);
  const events = told.length === nids.length ? told : await engine.state.eventsOf(room, nids);
  const members = differences.flatMap((difference, index) => {
    const event = events[index]!;
    return event.type === 'm.room.member' && event.stateKey !== undefined ? [{ ...difference, event }] : [];
  });
  const named = members.flatMap(({ event }) => [event.stateKey as UserId, event.sender]);
  const unknown = named.filter((user) => !users.has(user) && isUserId(user, 'historical'));
  const found = unknown.length === 0 ? [] : await engine.db.read((tx) => findUsers(tx, [...new Set(unknown)]));
  const others = new Map<string, number>(found);
  const nidOf = (user: string): number | undefined => users.get(user) ?? others.get(user);
  return members.flatMap(({ event, before, after }) => {
    const user = nidOf(event.stateKey!);
    const sender = nidOf(event.sender);
    if (user === undefined || sender === undefined) return [];
    // Who is in the state no more has left.
    const { membership: said } = event.content;
    const membership = after === undefined || typeof said !== 'string' ? 'leave' : said;
    const isLocal = serverOf(event.stateKey as UserId) === engine.serverName;
    return [{ user, membership, event: (after ?? before)!, sender, isLocal }];
  });
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
