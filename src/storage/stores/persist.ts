// The one writer of events: everything that an accepted event changes, in one transaction.
// rooms/persist prepares the rows; nothing here decides anything but whether the room is still as the draft assumed.

import type { Audience, WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { toStoredText } from '../text.ts';
import { applyDirectoryChange, type DirectoryChange } from './directory.ts';

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
  let last = 0;
  for (const event of args.events) {
    const position = event.inTimeline ? await tx.nextPosition(audienceOf(room, event)) : null;
    if (position !== null) last = position;
    positions.push(position);
    await insertEvent(tx, room, event, position, args.now);
  }
  await advanceRoom(tx, room, args, last);
  if (args.directory) await applyDirectoryChange(tx, room, args.directory, args.now);
  const membershipPosition = last || (await latestPosition(tx, room));
  for (const row of args.memberships) await upsertMembership(tx, room, row, membershipPosition);
  return { room, positions };
});

const audienceOf = (room: number, event: EventRow): Audience =>
  event.wakes && event.wakes.length > 0 ? { room, users: event.wakes } : { room };

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

const latestPosition = async (tx: WriteTx, room: number): Promise<number> =>
  (await tx.get<{ position: number }>('SELECT latest_position AS position FROM rooms WHERE nid = ?', room))!.position;

const advanceRoom = async (tx: WriteTx, room: number, args: PersistArgs, last: number): Promise<void> => {
  const moved = await tx.run(
    `UPDATE rooms SET sequence = sequence + 1, state_root = ?, extremities = ?, notified_total = ?,
       latest_position = CASE WHEN ? > latest_position THEN ? ELSE latest_position END
     WHERE nid = ? AND sequence = ?`,
    args.stateRoot,
    JSON.stringify(args.extremities),
    args.notifiedTotal,
    last,
    last,
    room,
    args.sequence,
  );
  if (moved !== 1) throw new Error(SEQUENCE_MOVED);
  if (args.stateChanged) {
    await tx.run(
      `INSERT INTO room_states (room, position, root) VALUES (?, ?, ?)
       ON CONFLICT (room, position) DO UPDATE SET root = excluded.root`,
      room,
      last || (await tx.nextPosition({ room })),
      args.stateRoot,
    );
  }
};

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
    event.rest,
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
  await noteSender(tx, room, event, position);
  for (const row of event.notifications ?? []) await insertNotification(tx, room, event, row, position);
};

const insertNotification = (
  tx: WriteTx,
  room: number,
  event: EventRow,
  row: NotificationRow,
  position: number,
): Promise<number> =>
  tx.run(
    `INSERT INTO notifications (user_nid, room, position, event, thread, delta, notifies, highlight, highlight_delta)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    row.user,
    room,
    position,
    event.nid,
    event.thread,
    Number(row.notify) - Number(event.notifies),
    row.notify ? 1 : 0,
    row.highlight ? 1 : 0,
    Number(row.highlight) - Number(event.highlights),
  );

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
    transaction.scope,
    transaction.txnId,
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
    apply.rest,
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

/** What a user sent counts as read by them. */
const noteSender = (tx: WriteTx, room: number, event: EventRow, position: number): Promise<number> =>
  tx.run(
    'UPDATE memberships SET last_sent_position = ? WHERE user_nid = ? AND room = ? AND is_local = 1',
    position,
    event.sender,
    room,
  );

const upsertMembership = (tx: WriteTx, room: number, row: MembershipRow, position: number): Promise<number> =>
  tx.run(
    `INSERT INTO memberships (user_nid, room, membership, event, sender, position, is_local) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (user_nid, room) DO UPDATE SET membership = excluded.membership, event = excluded.event,
       sender = excluded.sender, position = excluded.position, forgotten = 0`,
    row.user,
    room,
    row.membership,
    row.event,
    row.sender,
    position,
    row.isLocal ? 1 : 0,
  );

/** Hands out `count` event nids: the answer is the first of them. */
export const reserveEventNids = writer('reserveEventNids', async (tx, count: number): Promise<number> => {
  const row = await tx.get<{ next: number }>(
    'UPDATE event_nid_blocks SET next_nid = next_nid + ? WHERE id = 1 RETURNING next_nid AS next',
    count,
  );
  return row!.next - count;
});
