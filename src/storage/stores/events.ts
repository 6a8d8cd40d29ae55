// Reading events: by id, along a room's timeline, by time, by thread.

import type { EventId, UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx, SqlValue } from '../database.ts';
import { unpackRest } from '../rest-text.ts';
import { fromStoredText, toStoredText } from '../text.ts';
import type { VerdictCode } from './persist.ts';

/** An event as stored: `content` and `rest` are canonical JSON texts that answers are spliced from. */
export interface StoredEvent {
  readonly nid: number;
  readonly eventId: EventId;
  readonly room: number;
  /** null: in no timeline (outlier, soft-failed or rejected). */
  readonly position: number | null;
  readonly type: string;
  readonly sender: UserId;
  /** The sender's nid. */
  readonly senderNid: number;
  readonly stateKey: string | undefined;
  /** The nid of (type, state key); null for an event that is no state. */
  readonly stateKeyNid: number | null;
  readonly originServerTs: number;
  readonly depth: number;
  readonly content: string;
  readonly rest: string;
  /** Root of the state after the event. */
  readonly stateRoot: Uint8Array | null;
  readonly replaces: number | null;
  readonly thread: number | null;
  readonly notifies: number;
  readonly notifiedTotal: number;
  readonly verdict: VerdictCode;
  readonly redactedBy: number | null;
}

const SELECT_EVENT = `SELECT e.nid AS "nid", e.event_id AS "eventId", e.room AS "room", e.position AS "position",
  t.type AS "type", u.user_id AS "sender", e.sender AS "senderNid", k.state_key AS "stateKey",
  e.state_key AS "stateKeyNid", e.origin_server_ts AS "originServerTs", e.depth AS "depth", e.content AS "content",
  e.rest AS "rest", e.state_root AS "stateRoot", e.replaces AS "replaces", e.thread AS "thread",
  e.notifies AS "notifies", e.notified_total AS "notifiedTotal", e.verdict AS "verdict", e.redacted_by AS "redactedBy"
FROM events e JOIN event_types t ON t.nid = e.type JOIN users u ON u.nid = e.sender
LEFT JOIN state_keys k ON k.nid = e.state_key`;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const decoded = (row: StoredEvent): StoredEvent => {
  const event = row as Mutable<StoredEvent>;
  event.type = fromStoredText(event.type);
  event.rest = unpackRest(event.rest);
  // The join gives NULL for an event that is no state.
  const stateKey = event.stateKey as string | null | undefined;
  event.stateKey = stateKey === null || stateKey === undefined ? undefined : fromStoredText(stateKey);
  return event;
};

const select = async (tx: ReadTx, where: string, ...params: SqlValue[]): Promise<StoredEvent[]> => {
  const rows = await tx.all<StoredEvent>(`${SELECT_EVENT} ${where}`, ...params);
  for (const row of rows) decoded(row);
  return rows;
};

export const eventById = async (tx: ReadTx, eventId: string): Promise<StoredEvent | undefined> =>
  (await select(tx, 'WHERE e.event_id = ?', eventId))[0];

/** In no particular order; those that do not exist are left out. */
export const eventsById = (tx: ReadTx, eventIds: readonly string[]): Promise<StoredEvent[]> =>
  select(tx, `WHERE ${tx.dialect.anyText('e.event_id')}`, tx.dialect.list(eventIds));

/** In no particular order; those that do not exist are left out. */
export const eventsByNid = async (tx: ReadTx, nids: readonly number[]): Promise<StoredEvent[]> => {
  if (nids.length === 0) return [];
  if (nids.length === 1) return select(tx, 'WHERE e.nid = ?', nids[0]!);
  return select(tx, `WHERE ${tx.dialect.anyInt('e.nid')}`, tx.dialect.list(nids));
};

/** Contents as JSON texts, by event nid; those that do not exist are absent. */
export const contentsOf = async (tx: ReadTx, nids: readonly number[]): Promise<Map<number, string>> => {
  if (nids.length === 0) return new Map();
  const rows = await tx.all<{ nid: number; content: string }>(
    `SELECT nid AS "nid", content AS "content" FROM events WHERE ${tx.dialect.anyInt('nid')}`,
    tx.dialect.list(nids),
  );
  return new Map(rows.map((row) => [row.nid, row.content]));
};

/** Event nid → event id; those that do not exist are absent. */
export const eventIdsOf = async (tx: ReadTx, nids: readonly number[]): Promise<Map<number, EventId>> => {
  if (nids.length === 0) return new Map();
  const rows = await tx.all<{ nid: number; eventId: EventId }>(
    `SELECT nid AS "nid", event_id AS "eventId" FROM events WHERE ${tx.dialect.anyInt('nid')}`,
    tx.dialect.list(nids),
  );
  return new Map(rows.map((row) => [row.nid, row.eventId]));
};

/** Event nid → event id and sender; those that do not exist are absent. */
export const eventSendersOf = async (
  tx: ReadTx,
  nids: readonly number[],
): Promise<Map<number, { readonly eventId: EventId; readonly sender: UserId }>> => {
  if (nids.length === 0) return new Map();
  const rows = await tx.all<{ nid: number; eventId: EventId; sender: UserId }>(
    `SELECT e.nid AS "nid", e.event_id AS "eventId", u.user_id AS "sender" FROM events e
     JOIN users u ON u.nid = e.sender WHERE ${tx.dialect.anyInt('e.nid')}`,
    tx.dialect.list(nids),
  );
  return new Map(rows.map(({ nid, eventId, sender }) => [nid, { eventId, sender }]));
};

export interface TimelineRange {
  readonly room: number;
  /** Only positions above this. */
  readonly after: number;
  /** Only positions up to and including this. */
  readonly upTo: number;
  /** Newest first? */
  readonly backwards: boolean;
  readonly limit: number;
  /** Only the events of the thread with this root. */
  readonly thread?: number;
}

export const timeline = (tx: ReadTx, range: TimelineRange): Promise<StoredEvent[]> =>
  select(
    tx,
    `WHERE e.room = ? AND e.position > ? AND e.position <= ? ${range.thread === undefined ? '' : 'AND e.thread = ?'}
     ORDER BY e.position ${range.backwards ? 'DESC' : 'ASC'} LIMIT ?`,
    range.room,
    range.after,
    range.upTo,
    ...(range.thread === undefined ? [] : [range.thread]),
    range.limit,
  );

export interface TimelinePlaces {
  /** In the order of the range. */
  readonly nids: readonly number[];
  /** The lowest and the highest position among them; 0 when there are none. */
  readonly first: number;
  readonly last: number;
}

/**
 * Which events there are in a range: read from an index alone, and as one row, as rows cost more than what they hold.
 * Both engines aggregate in the order of the inner query; to order again in the aggregate would cost as much as the rest.
 */
export const timelinePlaces = async (tx: ReadTx, range: TimelineRange): Promise<TimelinePlaces> => {
  const order = range.backwards ? 'DESC' : 'ASC';
  const row = await tx.get<{ nids: string | null; first: number | null; last: number | null }>(
    `SELECT string_agg(CAST(nid AS TEXT), ',') AS "nids", min(position) AS "first",
       max(position) AS "last" FROM (SELECT nid, position FROM events WHERE room = ? AND position > ? AND position <= ?
       ORDER BY position ${order} LIMIT ?) AS places`,
    range.room,
    range.after,
    range.upTo,
    range.limit,
  );
  if (!row || row.nids === null) return { nids: [], first: 0, last: 0 };
  return { nids: row.nids.split(',').map(Number), first: row.first!, last: row.last! };
};

/** Redacted event → what redacted it (nids), of the room's events from position `first` to `last`. */
export const redactionsBetween = async (
  tx: ReadTx,
  room: number,
  first: number,
  last: number,
): Promise<Map<number, number>> => {
  const rows = await tx.all<{ nid: number; redactedBy: number }>(
    `SELECT nid AS "nid", redacted_by AS "redactedBy" FROM events
     WHERE room = ? AND position >= ? AND position <= ? AND position IS NOT NULL AND redacted_by IS NOT NULL`,
    room,
    first,
    last,
  );
  return new Map(rows.map((row) => [row.nid, row.redactedBy]));
};

/** Events of the room's timeline at or after a time (milliseconds), nearest first, or at or before it. */
export const eventsNearTime = (
  tx: ReadTx,
  question: {
    readonly room: number;
    readonly timestamp: number;
    readonly forwards: boolean;
    readonly limit: number;
    readonly offset: number;
  },
): Promise<StoredEvent[]> => {
  const { forwards } = question;
  const order = forwards ? 'ASC' : 'DESC';
  return select(
    tx,
    `WHERE e.room = ? AND e.origin_server_ts ${forwards ? '>=' : '<='} ? AND e.position IS NOT NULL
     ORDER BY e.origin_server_ts ${order}, e.position ${order} LIMIT ? OFFSET ?`,
    question.room,
    question.timestamp,
    question.limit,
    question.offset,
  );
};

/** Those of the events that are of type m.room.member. */
export const memberEventsAmong = async (tx: ReadTx, nids: readonly number[]): Promise<number[]> => {
  const rows = await tx.all<{ nid: number }>(
    `SELECT e.nid AS "nid" FROM events e JOIN event_types t ON t.nid = e.type
     WHERE ${tx.dialect.anyInt('e.nid')} AND t.type = 'm.room.member'`,
    tx.dialect.list(nids),
  );
  return rows.map((row) => row.nid);
};

/** Those of the events that are of a type, in no particular order. */
export const eventsOfTypeAmong = (tx: ReadTx, nids: readonly number[], type: string): Promise<StoredEvent[]> =>
  select(tx, `WHERE ${tx.dialect.anyInt('e.nid')} AND t.type = ?`, tx.dialect.list(nids), toStoredText(type));

/** Where to stop reading so that at most `limit` events, whoever sent them, are looked at. Positions may be far apart. */
export const windowEnd = async (
  tx: ReadTx,
  { after, upTo, limit }: { after: number; upTo: number; limit: number },
): Promise<number> => {
  const last = await tx.get<{ position: number }>(
    `SELECT position AS "position" FROM events WHERE position > ? AND position <= ?
     ORDER BY position LIMIT 1 OFFSET ?`,
    after,
    upTo,
    limit - 1,
  );
  return last?.position ?? upTo;
};

/** The events at some positions, in no particular order. */
export const eventsAtPositions = async (tx: ReadTx, positions: readonly number[]): Promise<StoredEvent[]> =>
  positions.length === 0 ? [] : select(tx, `WHERE ${tx.dialect.anyInt('e.position')}`, tx.dialect.list(positions));

/** Every event with a position in (after, upTo], of all rooms, in order: what stream consumers read. */
export const eventsSince = (tx: ReadTx, after: number, upTo: number, limit: number): Promise<StoredEvent[]> =>
  select(tx, 'WHERE e.position > ? AND e.position <= ? ORDER BY e.position ASC LIMIT ?', after, upTo, limit);

/** The event that a device sent under a transaction id, if it did. */
export const eventOfTransaction = async (
  tx: ReadTx,
  device: number,
  scope: string,
  txnId: string,
): Promise<EventId | undefined> => {
  const row = await tx.get<{ eventId: EventId }>(
    `SELECT e.event_id AS "eventId" FROM client_transactions c JOIN events e ON e.nid = c.event
     WHERE c.device = ? AND c.scope = ? AND c.txn_id = ?`,
    device,
    toStoredText(scope),
    toStoredText(txnId),
  );
  return row?.eventId;
};

/** By which device, under which transaction id some events were sent, by event nid; those of other servers are absent. */
export const sendersOfEvents = async (
  tx: ReadTx,
  events: readonly number[],
): Promise<Map<number, { device: number; txnId: string }>> => {
  if (events.length === 0) return new Map();
  const rows = await tx.all<{ event: number; device: number; txnId: string }>(
    `SELECT event AS "event", device AS "device", txn_id AS "txnId" FROM client_transactions
     WHERE ${tx.dialect.anyInt('event')}`,
    tx.dialect.list(events),
  );
  return new Map(rows.map(({ event, device, txnId }) => [event, { device, txnId: fromStoredText(txnId) }]));
};

/** The transaction ids under which this device sent some of these events: event nid → transaction id. */
export const transactionsOfEvents = async (
  tx: ReadTx,
  device: number,
  events: readonly number[],
): Promise<Map<number, string>> => {
  if (events.length === 0) return new Map();
  const rows = await tx.all<{ event: number; txnId: string }>(
    `SELECT event AS "event", txn_id AS "txnId" FROM client_transactions
     WHERE ${tx.dialect.anyInt('event')} AND device = ?`,
    tx.dialect.list(events),
    device,
  );
  return new Map(rows.map((row) => [row.event, fromStoredText(row.txnId)]));
};
