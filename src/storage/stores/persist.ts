// The one writer of events: everything that an accepted event changes, in one transaction.
// rooms/persist prepares the rows; nothing here decides anything but whether the room is still as the draft assumed.

import type { Audience, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { packRest } from '../rest-text.ts';
import { toStoredText } from '../text.ts';
import { applyDirectoryChange } from './directory.ts';
import { noteSender, upsertMemberships } from './persist-membership.ts';
import { completeState, forgetPartialJoin, notePartialJoin } from './persist-partial-join.ts';
import {
  connectGraph,
  forwardEvent,
  HOLE_POSITIONS,
  insertFailure,
  placeHistory,
  replaceEvent,
  storeRejudgements,
  takeOwedForward,
} from './persist-received.ts';
import type {
  EventRow,
  NotificationRow,
  PersistArgs,
  Persisted,
  RedactionRow,
  RelationRow,
  TransactionRow,
} from './persist-rows.ts';
import { insertStateNodes } from './state-nodes.ts';

export type {
  Completion,
  EventRow,
  FailureRow,
  MembershipRow,
  NotificationRow,
  PartialJoinRow,
  PersistArgs,
  Persisted,
  RedactionRow,
  RelationRow,
  TransactionRow,
  VerdictCode,
} from './persist-rows.ts';

/** Thrown when the room moved on since the draft; the caller drafts again. */
export const SEQUENCE_MOVED = 'The room has moved on since this event was drafted.';

export const persistEvents = writer('persistEvents', async (tx, args: PersistArgs): Promise<Persisted> => {
  const room = 'nid' in args.room ? args.room.nid : await insertRoom(tx, args.room, args.stateRoot);
  await insertStateNodes(tx, args.nodes);
  const positions: (number | null)[] = [];
  const newest = args.events.findLast(({ inTimeline }) => inTimeline);
  const members = changedMembers(args);
  const history = await placeHistory(tx, room, args.events);
  let last = 0;
  for (const event of args.events) {
    const wakes = event === newest ? [...new Set([...(event.wakes ?? []), ...members])] : event.wakes;
    const placed = event.inTimeline ? await tx.nextPosition(audienceOf(room, wakes), freeBelow(event)) : null;
    if (placed !== null) last = placed;
    const position = placed ?? history.get(event.nid) ?? event.keepsPosition ?? null;
    positions.push(position);
    await insertEvent(tx, room, event, position, args.now);
    if (placed !== null && event.currentRoot) await insertRoomState(tx, room, placed, event.currentRoot);
  }
  // A state that changes without an event in the timeline (by resolution) is a change of its own.
  if (last === 0 && (args.stateChanged || args.memberships.length > 0 || args.completion)) {
    last = await tx.nextPosition(audienceOf(room, members));
    await insertRoomState(tx, room, last, args.stateRoot);
  }
  await advanceRoom(tx, room, args, last);
  if (args.directory) await applyDirectoryChange(tx, room, args.directory, args.now);
  await upsertMemberships(tx, room, args.memberships, last);
  await storeRejudgements(tx, room, args);
  if (args.partialJoin) await notePartialJoin(tx, room, args.partialJoin, args.now);
  else if (args.residency !== undefined) await forgetPartialJoin(tx, room);
  if (args.completion) await completeState(tx, room, args.completion);
  return { room, positions };
});

/** Users of this server whose membership changed, be it by resolution. */
const changedMembers = ({ memberships }: PersistArgs): number[] =>
  memberships.filter(({ isLocal }) => isLocal).map(({ user }) => user);

const freeBelow = ({ aboveHole }: EventRow): number => (aboveHole ? HOLE_POSITIONS : 0);

const audienceOf = (room: number, wakes: readonly number[] | undefined): Audience =>
  wakes && wakes.length > 0 ? { room, users: wakes } : { room };

const insertRoom = async (
  tx: WriteTx,
  room: { roomId: string; version: string },
  stateRoot: Uint8Array,
): Promise<number> => {
  const row = await tx.get<{ nid: number }>(
    `INSERT INTO rooms (room_id, version, sequence, state_root, extremities, latest_position, notified_total)
     VALUES (?, ?, 0, ?, '[]', 0, 0) RETURNING nid`,
    room.roomId,
    room.version,
    stateRoot,
  );
  return row!.nid;
};

const advanceRoom = async (tx: WriteTx, room: number, args: PersistArgs, last: number): Promise<void> => {
  const moved = await tx.run(
    `UPDATE rooms SET sequence = sequence + 1, state_root = ?, extremities = ?, notified_total = ?,
       residency = coalesce(CAST(? AS BIGINT), residency),
       latest_position = CASE WHEN ? > latest_position THEN ? ELSE latest_position END
     WHERE nid = ? AND sequence = ? AND extremities = ?`,
    args.stateRoot,
    JSON.stringify(args.extremities),
    args.notifiedTotal,
    args.residency ?? null,
    last,
    last,
    room,
    args.sequence,
    JSON.stringify(args.upon),
  );
  if (moved !== 1) throw new Error(SEQUENCE_MOVED);
};

const insertRoomState = (tx: WriteTx, room: number, position: number, root: Uint8Array): Promise<number> =>
  tx.run('INSERT INTO room_states (room, position, root) VALUES (?, ?, ?)', room, position, root);

const insertEvent = async (
  tx: WriteTx,
  room: number,
  event: EventRow,
  position: number | null,
  now: number,
): Promise<void> => {
  if (event.isStored) await replaceEvent(tx, event, position);
  else await insertRow(tx, room, event, position);
  await storeParts(tx, room, event, position, now);
};

const insertRow = async (tx: WriteTx, room: number, event: EventRow, position: number | null): Promise<void> => {
  await tx.run(
    `INSERT INTO events (nid, event_id, room, position, type, sender, state_key, origin_server_ts, depth, content, rest,
       state_root, replaces, thread, notifies, notified_total, verdict, redacted_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    event.nid,
    event.eventId,
    room,
    position,
    event.type,
    event.sender,
    event.stateKey,
    event.originServerTs,
    event.depth,
    event.content,
    packRest(event.rest),
    event.stateRoot,
    event.replaces,
    event.thread,
    Number(event.notifies) + Number(event.highlights),
    event.notifiedTotal,
    event.verdict,
    event.redactedBy ?? null,
  );
};

/** What stands in other tables about an event. */
const storeParts = async (
  tx: WriteTx,
  room: number,
  event: EventRow,
  position: number | null,
  now: number,
): Promise<void> => {
  for (const prev of event.prevs) {
    await tx.run('INSERT INTO edges (prev, event) VALUES (?, ?) ON CONFLICT DO NOTHING', prev, event.nid);
  }
  for (const prev of event.missingPrevs) {
    await tx.run(
      'INSERT INTO missing_edges (prev_event_id, event, room) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      prev,
      event.nid,
      room,
    );
  }
  if (event.relation) await insertRelation(tx, room, event, event.relation, position);
  if (event.transaction) await insertTransaction(tx, event, event.transaction, now);
  if (event.redaction) await applyRedaction(tx, room, event, event.redaction);
  if (event.failure) await insertFailure(tx, event, event.failure, now);
  await connectGraph(tx, room, event, position, now);
  if (position === null || event.keepsPosition === position) return;
  const isOwed = event.isStored === true && (await takeOwedForward(tx, event.nid));
  if (event.isForwarded || isOwed) await forwardEvent(tx, event.nid, position);
  if (event.stateKey === null) await noteSender(tx, room, event, position);
  for (const row of event.notifications ?? []) await insertNotification(tx, room, event, row, position);
};

/** What single users' rules say of an event at its position in the stream. */
export const insertNotification = (
  tx: WriteTx,
  room: number,
  event: Pick<EventRow, 'nid' | 'thread' | 'notifies' | 'highlights'>,
  row: NotificationRow,
  position: number,
): Promise<number> => {
  const delta = Number(row.notify) - Number(event.notifies);
  const highlightDelta = Number(row.highlight) - Number(event.highlights);
  const isMain = event.thread === null;
  return tx.run(
    `INSERT INTO notifications (user_nid, room, position, event, thread, delta, notifies, highlight, highlight_delta,
       main_delta, main_highlight_delta)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?,
       coalesce((SELECT main_delta FROM notifications WHERE user_nid = ? AND room = ?
         ORDER BY position DESC LIMIT 1), 0) + CAST(? AS BIGINT),
       coalesce((SELECT main_highlight_delta FROM notifications WHERE user_nid = ? AND room = ?
         ORDER BY position DESC LIMIT 1), 0) + CAST(? AS BIGINT))`,
    row.user,
    room,
    position,
    event.nid,
    event.thread,
    delta,
    row.notify ? 1 : 0,
    row.highlight ? 1 : 0,
    highlightDelta,
    ...[row.user, room, isMain ? delta : 0],
    ...[row.user, room, isMain ? highlightDelta : 0],
  );
};

const insertRelation = (
  tx: WriteTx,
  room: number,
  event: EventRow,
  relation: RelationRow,
  position: number | null,
): Promise<number> =>
  tx.run(
    `INSERT INTO relations (event, room, target_event_id, rel_type, aggregation_key, type, sender, origin_server_ts, position)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    event.nid,
    room,
    toStoredText(relation.target),
    toStoredText(relation.relType),
    relation.key === null ? null : toStoredText(relation.key),
    event.type,
    event.sender,
    event.originServerTs,
    position,
  );

const insertTransaction = (tx: WriteTx, event: EventRow, transaction: TransactionRow, now: number): Promise<number> =>
  tx.run(
    'INSERT INTO client_transactions (device, scope, txn_id, event, created_ts) VALUES (?, ?, ?, ?, ?)',
    transaction.device,
    toStoredText(transaction.scope),
    toStoredText(transaction.txnId),
    event.nid,
    now,
  );

const applyRedaction = async (tx: WriteTx, room: number, event: EventRow, redaction: RedactionRow): Promise<void> => {
  const { apply } = redaction;
  if (!apply) {
    await tx.run(
      'INSERT INTO pending_redactions (target_event_id, redaction, room) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      redaction.target,
      event.nid,
      room,
    );
    return;
  }
  await tx.run(
    'UPDATE events SET content = ?, rest = ?, redacted_by = ? WHERE nid = ? AND redacted_by IS NULL',
    apply.content,
    packRest(apply.rest),
    event.nid,
    apply.nid,
  );
  // A redacted event relates to nothing any more.
  await tx.run('DELETE FROM relations WHERE event = ?', apply.nid);
};

/** Hands out `count` event nids: the answer is the first of them. */
export const reserveEventNids = writer('reserveEventNids', async (tx, count: number): Promise<number> => {
  const row = await tx.get<{ next: number }>(
    'UPDATE event_nid_blocks SET next_nid = next_nid + ? WHERE id = 1 RETURNING next_nid AS next',
    count,
  );
  return row!.next - count;
});
