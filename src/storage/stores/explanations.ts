// What the ledger of verdicts knows of events and rooms, for `explain`.

import type { EventId, RoomId, UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';
import { fromStoredText } from '../text.ts';
import type { VerdictCode } from './persist.ts';

export interface ExplainedEvent {
  readonly nid: number;
  readonly eventId: EventId;
  readonly roomId: RoomId;
  readonly type: string;
  readonly stateKey: string | null;
  readonly sender: UserId;
  readonly originServerTs: number;
  readonly depth: number;
  readonly position: number | null;
  readonly verdict: VerdictCode;
  readonly stateRoot: Uint8Array | null;
  readonly redactedBy: EventId | null;
}

export const explainedEvent = async (tx: ReadTx, eventId: EventId): Promise<ExplainedEvent | undefined> => {
  const row = await tx.get<ExplainedEvent>(
    `SELECT e.nid AS "nid", e.event_id AS "eventId", r.room_id AS "roomId", t.type AS "type", k.state_key AS "stateKey",
       u.user_id AS "sender", e.origin_server_ts AS "originServerTs", e.depth AS "depth", e.position AS "position",
       e.verdict AS "verdict", e.state_root AS "stateRoot", x.event_id AS "redactedBy"
     FROM events e JOIN rooms r ON r.nid = e.room JOIN event_types t ON t.nid = e.type JOIN users u ON u.nid = e.sender
     LEFT JOIN state_keys k ON k.nid = e.state_key LEFT JOIN events x ON x.nid = e.redacted_by WHERE e.event_id = ?`,
    eventId,
  );
  if (!row) return undefined;
  const stateKey = row.stateKey === null ? null : fromStoredText(row.stateKey);
  return { ...row, type: fromStoredText(row.type), stateKey };
};

export interface VerdictReason {
  readonly check: string;
  readonly rule: string;
  readonly sentence: string;
  readonly inputs: readonly EventId[];
  readonly judgedTs: number;
}

/** Of an event (nid) that was rejected or soft-failed. */
export const reasonOf = async (tx: ReadTx, event: number): Promise<VerdictReason | undefined> => {
  const row = await tx.get<Omit<VerdictReason, 'inputs'> & { inputs: string }>(
    `SELECT failed_check AS "check", rule AS "rule", sentence AS "sentence", inputs AS "inputs", judged_ts AS "judgedTs"
     FROM verdicts WHERE event = ?`,
    event,
  );
  return row && { ...row, inputs: JSON.parse(row.inputs) as EventId[] };
};

export interface NamedVerdict {
  readonly eventId: EventId;
  readonly type: string;
  readonly verdict: VerdictCode;
}

const SELECT_NAMED = `SELECT e.event_id AS "eventId", t.type AS "type", e.verdict AS "verdict"
  FROM events e JOIN event_types t ON t.nid = e.type`;

const named = (rows: readonly NamedVerdict[]): NamedVerdict[] =>
  rows.map((row) => ({ ...row, type: fromStoredText(row.type) }));

/** Those of the events that are stored, in no particular order. */
export const verdictsOf = async (tx: ReadTx, eventIds: readonly EventId[]): Promise<NamedVerdict[]> =>
  named(
    await tx.all<NamedVerdict>(`${SELECT_NAMED} WHERE ${tx.dialect.anyText('e.event_id')}`, tx.dialect.list(eventIds)),
  );

/** What an event (nid) waits for: it was rejected for want of these. */
export const awaitedBy = async (tx: ReadTx, event: number): Promise<EventId[]> => {
  const rows = await tx.all<{ eventId: EventId }>(
    'SELECT awaited_event_id AS "eventId" FROM awaited_events WHERE event = ? ORDER BY awaited_event_id',
    event,
  );
  return rows.map(({ eventId }) => eventId);
};

/** Prev events (of an event's nid) that are not here. */
export const missingPrevsOf = async (tx: ReadTx, event: number): Promise<EventId[]> => {
  const rows = await tx.all<{ eventId: EventId }>(
    'SELECT prev_event_id AS "eventId" FROM missing_edges WHERE event = ? ORDER BY prev_event_id',
    event,
  );
  return rows.map(({ eventId }) => eventId);
};

/** Events that were rejected or soft-failed because of one: by it, or for want of it. */
export const fallenBecauseOf = async (tx: ReadTx, eventId: EventId, limit: number): Promise<NamedVerdict[]> =>
  named(
    await tx.all<NamedVerdict>(
      `${SELECT_NAMED} WHERE e.verdict > 0 AND e.nid IN (SELECT event FROM verdict_inputs WHERE input_event_id = ?
         UNION SELECT event FROM awaited_events WHERE awaited_event_id = ?) ORDER BY e.nid LIMIT ?`,
      eventId,
      eventId,
      limit,
    ),
  );

export interface ExplainedRoom {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly version: string;
  readonly residency: number;
  readonly stateRoot: Uint8Array;
  /** nids. */
  readonly extremities: readonly number[];
}

export const explainedRoom = async (tx: ReadTx, roomId: RoomId): Promise<ExplainedRoom | undefined> => {
  const row = await tx.get<Omit<ExplainedRoom, 'extremities'> & { extremities: string }>(
    `SELECT nid AS "nid", room_id AS "roomId", version AS "version", residency AS "residency", state_root AS "stateRoot",
       extremities AS "extremities" FROM rooms WHERE room_id = ?`,
    roomId,
  );
  return row && { ...row, extremities: JSON.parse(row.extremities) as number[] };
};

/** In no particular order. */
export const extremitiesNamed = (
  tx: ReadTx,
  nids: readonly number[],
): Promise<{ eventId: EventId; depth: number; originServerTs: number }[]> =>
  tx.all(
    `SELECT event_id AS "eventId", depth AS "depth", origin_server_ts AS "originServerTs" FROM events
     WHERE ${tx.dialect.anyInt('nid')}`,
    tx.dialect.list(nids),
  );

export interface FailureCount {
  readonly verdict: VerdictCode;
  readonly check: string;
  readonly rule: string;
  readonly sentence: string;
  readonly count: number;
}

/** Most frequent first. */
export const countFailures = (tx: ReadTx, room: number, limit: number): Promise<FailureCount[]> =>
  tx.all(
    `SELECT v.verdict AS "verdict", v.failed_check AS "check", v.rule AS "rule", v.sentence AS "sentence",
       count(*) AS "count" FROM verdicts v JOIN events e ON e.nid = v.event WHERE e.room = ?
     GROUP BY v.verdict, v.failed_check, v.rule, v.sentence ORDER BY count(*) DESC, v.failed_check, v.rule LIMIT ?`,
    room,
    limit,
  );

export interface Hole {
  /** The event above the hole. */
  readonly eventId: EventId;
  readonly nextPosition: number;
  readonly lowestPosition: number;
}

/** Newest first. */
export const holesOf = (tx: ReadTx, room: number, limit: number): Promise<Hole[]> =>
  tx.all(
    `SELECT e.event_id AS "eventId", h.next_position AS "nextPosition", h.lowest_position AS "lowestPosition"
     FROM timeline_holes h JOIN events e ON e.nid = h.event WHERE h.room = ? ORDER BY h.next_position DESC LIMIT ?`,
    room,
    limit,
  );

export interface RoomCounts {
  readonly events: number;
  readonly outliers: number;
  readonly missingPrevs: number;
  readonly waiting: number;
}

/** Reads every event of the room: for operators. */
export const countRoom = async (tx: ReadTx, room: number): Promise<RoomCounts> => {
  const events = await tx.get<{ events: number; outliers: number }>(
    `SELECT count(*) AS "events", count(CASE WHEN state_root IS NULL THEN 1 END) AS "outliers" FROM events WHERE room = ?`,
    room,
  );
  const missing = await tx.get<{ count: number }>(
    'SELECT count(DISTINCT prev_event_id) AS "count" FROM missing_edges WHERE room = ?',
    room,
  );
  const waiting = await tx.get<{ count: number }>(
    `SELECT count(DISTINCT a.event) AS "count" FROM awaited_events a JOIN events e ON e.nid = a.event WHERE e.room = ?`,
    room,
  );
  return { ...events!, missingPrevs: missing!.count, waiting: waiting!.count };
};
