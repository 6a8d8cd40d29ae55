// The one writer of events: everything that an accepted event changes, in one transaction.
// rooms/persist prepares the rows; nothing here decides anything but whether the room is still as the draft assumed.

import type { Audience, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { packRest } from '../rest-text.ts';
import { toStoredText } from '../text.ts';
import { applyDirectoryChange, type DirectoryChange } from './directory.ts';
import { membershipOf } from './memberships.ts';
import { MAIN_THREAD, raiseReadMark, WHOLE_ROOM } from './read-marks.ts';

/** 0 accepted, 1 soft-failed, 2 rejected. */
export type VerdictCode = 0 | 1 | 2;

export interface EventRow {
  readonly nid: number;
  readonly eventId: string;
  readonly type: number;
  readonly sender: number;
  readonly stateKey: number | null;
  readonly originServerTs: number;
  readonly depth: number;
  readonly content: string;
  readonly rest: string;
  /** State after the event; null for an outlier. */
  readonly stateRoot: Uint8Array | null;
  /** The room's current state from this event on; null where it stays what it was. */
  readonly currentRoot: Uint8Array | null;
  readonly replaces: number | null;
  readonly thread: number | null;
  /** Whether members with default push rules are notified. */
  readonly notifies: boolean;
  /** Whether it is highlighted for them as well. */
  readonly highlights: boolean;
  readonly notifiedTotal: number;
  readonly verdict: VerdictCode;
  /** Whether it gets a position in the room's timeline. */
  readonly inTimeline: boolean;
  readonly prevs: readonly number[];
  readonly missingPrevs: readonly string[];
  readonly relation?: RelationRow;
  readonly transaction?: TransactionRow;
  readonly redaction?: RedactionRow;
  readonly failure?: FailureRow;
  /** Users outside the room who are concerned (e.g. just invited). */
  readonly wakes?: readonly number[];
  /** For users whose push rules give another outcome than the defaults. */
  readonly notifications?: readonly NotificationRow[];
}

export interface RelationRow {
  readonly target: string;
  readonly relType: string;
  readonly key: string | null;
}

export interface TransactionRow {
  readonly device: number;
  readonly scope: string;
  readonly txnId: string;
}

/** The redacted event's texts after redaction; target undefined when it has not arrived. */
export interface RedactionRow {
  readonly target: string;
  readonly apply?: { readonly nid: number; readonly content: string; readonly rest: string };
}

export interface FailureRow {
  readonly check: string;
  readonly rule: string;
  readonly sentence: string;
  readonly inputs: readonly string[];
}

/** What one user's own rules say of an event; the counts of users with default rules need no row. */
export interface NotificationRow {
  readonly user: number;
  readonly notify: boolean;
  readonly highlight: boolean;
}

export interface MembershipRow {
  readonly user: number;
  readonly membership: string;
  readonly event: number;
  readonly sender: number;
  readonly isLocal: boolean;
}

export interface PersistArgs {
  /** A room that exists, or the one that these events create. */
  readonly room: { readonly nid: number } | { readonly roomId: string; readonly version: string };
  /** The sequence that the draft was made on; 0 for a new room. */
  readonly sequence: number;
  /**
   * The extremities that the draft was made on, in their order; none for a new room. The sequence alone does not tell one
   * draft from another: that of a draft which came to nothing is used again.
   */
  readonly upon: readonly number[];
  readonly events: readonly EventRow[];
  readonly memberships: readonly MembershipRow[];
  readonly stateRoot: Uint8Array;
  readonly stateChanged: boolean;
  readonly nodes: readonly { readonly hash: Uint8Array; readonly body: Uint8Array }[];
  readonly extremities: readonly number[];
  readonly notifiedTotal: number;
  readonly directory?: DirectoryChange;
  readonly now: number;
}

export interface Persisted {
  readonly room: number;
  /** One for each event; null where it has no place in the timeline. */
  readonly positions: readonly (number | null)[];
}

/** Thrown when the room moved on since the draft; the caller drafts again. */
export const SEQUENCE_MOVED = 'The room has moved on since this event was drafted.';

export const persistEvents = writer('persistEvents', async (tx, args: PersistArgs): Promise<Persisted> => {
  const room = 'nid' in args.room ? args.room.nid : await insertRoom(tx, args.room, args.stateRoot);
  await tx.runMany(
    'INSERT INTO state_nodes (hash, body) VALUES (?, ?) ON CONFLICT DO NOTHING',
    args.nodes.map((node) => [node.hash, node.body]),
  );
  const positions: (number | null)[] = [];
  const newest = args.events.findLast(({ inTimeline }) => inTimeline);
  const members = changedMembers(args);
  let last = 0;
  for (const event of args.events) {
    const wakes = event === newest ? [...new Set([...(event.wakes ?? []), ...members])] : event.wakes;
    const position = event.inTimeline ? await tx.nextPosition(audienceOf(room, wakes)) : null;
    if (position !== null) last = position;
    positions.push(position);
    await insertEvent(tx, room, event, position, args.now);
    if (position !== null && event.currentRoot) await insertRoomState(tx, room, position, event.currentRoot);
  }
  // A state that changes without an event in the timeline (by resolution) is a change of its own.
  if (last === 0 && (args.stateChanged || args.memberships.length > 0)) {
    last = await tx.nextPosition(audienceOf(room, members));
    await insertRoomState(tx, room, last, args.stateRoot);
  }
  await advanceRoom(tx, room, args, last);
  if (args.directory) await applyDirectoryChange(tx, room, args.directory, args.now);
  for (const row of args.memberships) await upsertMembership(tx, room, row, last);
  return { room, positions };
});

/** Users of this server whose membership changed, be it by resolution. */
const changedMembers = ({ memberships }: PersistArgs): number[] =>
  memberships.filter(({ isLocal }) => isLocal).map(({ user }) => user);

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
       latest_position = CASE WHEN ? > latest_position THEN ? ELSE latest_position END
     WHERE nid = ? AND sequence = ? AND extremities = ?`,
    args.stateRoot,
    JSON.stringify(args.extremities),
    args.notifiedTotal,
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
  await tx.run(
    `INSERT INTO events (nid, event_id, room, position, type, sender, state_key, origin_server_ts, depth, content, rest,
       state_root, replaces, thread, notifies, notified_total, verdict)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
  );
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
  if (position === null) return;
  if (event.stateKey === null) await noteSender(tx, room, event, position);
  for (const row of event.notifications ?? []) await insertNotification(tx, room, event, row, position);
};

const insertNotification = (
  tx: WriteTx,
  room: number,
  event: EventRow,
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

const insertFailure = (tx: WriteTx, event: EventRow, failure: FailureRow, now: number): Promise<number> =>
  tx.run(
    'INSERT INTO verdicts (event, verdict, failed_check, rule, sentence, inputs, judged_ts) VALUES (?, ?, ?, ?, ?, ?, ?)',
    event.nid,
    event.verdict,
    failure.check,
    failure.rule,
    failure.sentence,
    JSON.stringify(failure.inputs),
    now,
  );

/**
 * Whoever sends into a timeline has read it: "When the user updates their read receipt (either by using the API or by sending
 * an event), notifications prior to and including that event MUST be marked as read." Not by state, which profiles change.
 */
const noteSender = (tx: WriteTx, room: number, event: EventRow, position: number): Promise<number> =>
  tx.run(
    `INSERT INTO read_marks (user_nid, room, thread, position)
     SELECT user_nid, room, CAST(? AS BIGINT), CAST(? AS BIGINT) FROM memberships
     WHERE user_nid = ? AND room = ? AND is_local = 1
     ON CONFLICT (user_nid, room, thread) DO UPDATE SET position = excluded.position`,
    event.thread ?? MAIN_THREAD,
    position,
    event.sender,
    room,
  );

const upsertMembership = async (tx: WriteTx, room: number, row: MembershipRow, position: number): Promise<void> => {
  if (row.isLocal && row.membership === 'join') await countFromJoin(tx, room, row.user, position);
  await tx.run(
    `INSERT INTO memberships (user_nid, room, membership, event, sender, position, is_local, since_position)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (user_nid, room) DO UPDATE SET membership = excluded.membership, event = excluded.event,
       sender = excluded.sender, position = excluded.position, forgotten = 0, since_position =
       CASE WHEN memberships.membership = excluded.membership THEN memberships.since_position ELSE excluded.position END`,
    row.user,
    room,
    row.membership,
    row.event,
    row.sender,
    position,
    row.isLocal ? 1 : 0,
    position,
  );
};

/** What happened before a user joined is not unread. */
const countFromJoin = async (tx: WriteTx, room: number, user: number, position: number): Promise<void> => {
  const before = await membershipOf(tx, user, room);
  if (before?.membership === 'join') return;
  await tx.run('DELETE FROM read_marks WHERE user_nid = ? AND room = ?', user, room);
  await raiseReadMark(tx, { user, room, thread: WHOLE_ROOM, position });
};

/** Hands out `count` event nids: the answer is the first of them. */
export const reserveEventNids = writer('reserveEventNids', async (tx, count: number): Promise<number> => {
  const row = await tx.get<{ next: number }>(
    'UPDATE event_nid_blocks SET next_nid = next_nid + ? WHERE id = 1 RETURNING next_nid AS next',
    count,
  );
  return row!.next - count;
});
