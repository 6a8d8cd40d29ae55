// Events that relate to others: what is bundled with an event, and lists of relations. Client-Server API, "Relationship types".

import type { EventId } from '../../protocol/ids/branded.ts';
import type { ReadTx, SqlValue } from '../database.ts';
import { toStoredText } from '../text.ts';

/** How far the relations in a room have come, in both directions: history that is fetched later is below all before. */
export interface RelationsMark {
  readonly last: number;
  readonly first: number;
}

export const relationsMark = async (tx: ReadTx, room: number): Promise<RelationsMark> => {
  // Two questions: each reads one end of the index.
  const row = await tx.get<{ last: number | null; first: number | null }>(
    `SELECT (SELECT max(position) FROM relations WHERE room = ?) AS "last",
       (SELECT min(position) FROM relations WHERE room = ?) AS "first"`,
    room,
    room,
  );
  return { last: row?.last ?? Number.NEGATIVE_INFINITY, first: row?.first ?? Number.POSITIVE_INFINITY };
};

/** What of a room a question about relations may count. */
export interface RelationScope {
  readonly room: number;
  /** Relations that arrived after this position do not count. */
  readonly upTo: number;
  /** Senders (nids) whose relations do not count. */
  readonly ignored: readonly number[];
}

/** Event nids by kind; null where there is none. */
export interface BundleCandidates {
  readonly target: number;
  /** The most recent replacement by the same sender and of the same type. Its content is not looked at. */
  readonly edit: number | null;
  /** The latest event of the thread. */
  readonly threadLatest: number | null;
  /** Any event that references the target. */
  readonly reference: number | null;
}

/** Those of the events (nids) that others relate to in a way that is bundled. */
export const bundledTargets = async (tx: ReadTx, events: readonly number[]): Promise<number[]> => {
  const rows = await tx.all<{ nid: number }>(
    `SELECT e.nid AS "nid" FROM events e WHERE ${tx.dialect.anyInt('e.nid')} AND EXISTS (SELECT 1 FROM relations r
       WHERE r.target_event_id = e.event_id AND r.rel_type IN ('m.replace', 'm.thread', 'm.reference'))`,
    tx.dialect.list(events),
  );
  return rows.map((row) => row.nid);
};

/** What could be bundled with each of the given events. One query for a whole page. */
export const bundleCandidates = (
  tx: ReadTx,
  scope: RelationScope,
  targets: readonly number[],
): Promise<BundleCandidates[]> => {
  const { ignored } = scope;
  const notIgnored = ignored.length === 0 ? '' : `AND NOT (${tx.dialect.anyInt('r.sender')})`;
  const ignoredList = ignored.length === 0 ? [] : [tx.dialect.list(ignored)];
  const relation = (relType: string): string =>
    `r.target_event_id = e.event_id AND r.rel_type = '${relType}' AND r.room = ? AND r.position <= ?`;
  return tx.all(
    `SELECT e.nid AS "target",
       (SELECT r.event FROM relations r JOIN events x ON x.nid = r.event
        WHERE ${relation('m.replace')} AND r.type = e.type AND r.sender = e.sender AND x.state_key IS NULL
        ORDER BY r.origin_server_ts DESC, x.event_id DESC LIMIT 1) AS "edit",
       (SELECT r.event FROM relations r WHERE ${relation('m.thread')} ${notIgnored}
        ORDER BY r.position DESC LIMIT 1) AS "threadLatest",
       (SELECT r.event FROM relations r WHERE ${relation('m.reference')} ${notIgnored} LIMIT 1) AS "reference"
     FROM events e WHERE ${tx.dialect.anyInt('e.nid')}`,
    ...[scope.room, scope.upTo],
    ...[scope.room, scope.upTo, ...ignoredList],
    ...[scope.room, scope.upTo, ...ignoredList],
    tx.dialect.list(targets),
  );
};

/** Replacements of one event by its sender, most recent first: asked for when the most recent one is not valid. */
export const editsOf = async (
  tx: ReadTx,
  scope: RelationScope,
  target: { readonly nid: number },
  limit: number,
): Promise<number[]> => {
  const rows = await tx.all<{ event: number }>(
    `SELECT r.event AS "event" FROM events e JOIN relations r ON r.target_event_id = e.event_id
       AND r.rel_type = 'm.replace' AND r.type = e.type AND r.sender = e.sender
     JOIN events x ON x.nid = r.event
     WHERE e.nid = ? AND r.room = ? AND r.position <= ? AND x.state_key IS NULL
     ORDER BY r.origin_server_ts DESC, x.event_id DESC LIMIT ?`,
    target.nid,
    scope.room,
    scope.upTo,
    limit,
  );
  return rows.map((row) => row.event);
};

export interface ThreadCount {
  readonly target: EventId;
  readonly count: number;
  /** How many of them the viewer sent. */
  readonly own: number;
}

/** Events in the threads under the given roots. */
export const countThreads = (
  tx: ReadTx,
  scope: RelationScope,
  roots: readonly EventId[],
  viewer: number,
): Promise<ThreadCount[]> => {
  const { ignored } = scope;
  return tx.all(
    `SELECT r.target_event_id AS "target", count(*) AS "count", count(CASE WHEN r.sender = ? THEN 1 END) AS "own"
     FROM relations r WHERE ${tx.dialect.anyText('r.target_event_id')} AND r.rel_type = 'm.thread'
       AND r.room = ? AND r.position <= ? ${ignored.length === 0 ? '' : `AND NOT (${tx.dialect.anyInt('r.sender')})`}
     GROUP BY r.target_event_id`,
    viewer,
    tx.dialect.list(roots),
    scope.room,
    scope.upTo,
    ...(ignored.length === 0 ? [] : [tx.dialect.list(ignored)]),
  );
};

export interface Reference {
  readonly target: EventId;
  readonly event: number;
  readonly eventId: EventId;
}

/**
 * Events that reference the targets (m.reference), oldest first; at most `limit` in all. The plus keeps SQLite from looking at all
 * relations of the room.
 */
export const referencesOf = (
  tx: ReadTx,
  scope: RelationScope,
  targets: readonly EventId[],
  limit: number,
): Promise<Reference[]> => {
  const { ignored } = scope;
  return tx.all(
    `SELECT r.target_event_id AS "target", r.event AS "event", e.event_id AS "eventId"
     FROM relations r JOIN events e ON e.nid = r.event
     WHERE ${tx.dialect.anyText('r.target_event_id')} AND r.rel_type = 'm.reference' AND +r.room = ? AND r.position <= ?
       ${ignored.length === 0 ? '' : `AND NOT (${tx.dialect.anyInt('r.sender')})`}
     ORDER BY r.position LIMIT ?`,
    tx.dialect.list(targets),
    scope.room,
    scope.upTo,
    ...(ignored.length === 0 ? [] : [tx.dialect.list(ignored)]),
    limit,
  );
};

/** Those of the events that are replacements themselves. */
export const replacementsAmong = async (tx: ReadTx, events: readonly number[]): Promise<Set<number>> => {
  const rows = await tx.all<{ event: number }>(
    `SELECT event AS "event" FROM relations WHERE ${tx.dialect.anyInt('event')} AND rel_type = 'm.replace'`,
    tx.dialect.list(events),
  );
  return new Set(rows.map((row) => row.event));
};

/** Those of the targets (nids) that events of some relation types, or from some senders, relate to. undefined: any. */
export const targetsRelatedTo = async (
  tx: ReadTx,
  question: {
    readonly room: number;
    readonly targets: readonly number[];
    readonly relTypes: readonly string[] | undefined;
    readonly senders: readonly string[] | undefined;
  },
): Promise<Set<number>> => {
  const { relTypes, senders } = question;
  const conditions = ['r.target_event_id = e.event_id', 'r.room = ?', 'r.position IS NOT NULL'];
  const params: SqlValue[] = [tx.dialect.list(question.targets), question.room];
  if (relTypes !== undefined) {
    conditions.push(tx.dialect.anyText('r.rel_type'));
    params.push(tx.dialect.list(relTypes.map(toStoredText)));
  }
  if (senders !== undefined) {
    conditions.push(`r.sender IN (SELECT nid FROM users WHERE ${tx.dialect.anyText('user_id')})`);
    params.push(tx.dialect.list(senders.map(toStoredText)));
  }
  const rows = await tx.all<{ nid: number }>(
    `SELECT e.nid AS "nid" FROM events e WHERE ${tx.dialect.anyInt('e.nid')}
     AND EXISTS (SELECT 1 FROM relations r WHERE ${conditions.join(' AND ')})`,
    ...params,
  );
  return new Set(rows.map((row) => row.nid));
};

export interface RelatedQuestion {
  readonly room: number;
  readonly target: string;
  /** Filters of every level; undefined: any. */
  readonly relType: string | undefined;
  readonly eventType: string | undefined;
  /** Levels of relations; 1: only events that relate to the target itself. */
  readonly depth: number;
  /** Only positions in (after, upTo]. */
  readonly after: number;
  readonly upTo: number;
  readonly backwards: boolean;
  readonly limit: number;
}

export interface RelatedEvent {
  readonly event: number;
  readonly position: number;
}

/** Events that relate to the target. An event relates to one other at most, so no event comes twice. */
export const relatedEvents = (tx: ReadTx, question: RelatedQuestion): Promise<RelatedEvent[]> => {
  const { relType, eventType, backwards } = question;
  const conditions = ['r.room = ?', 'r.position IS NOT NULL'];
  const params: SqlValue[] = [question.room];
  if (relType !== undefined) {
    conditions.push('r.rel_type = ?');
    params.push(toStoredText(relType));
  }
  if (eventType !== undefined) {
    conditions.push('r.type = (SELECT nid FROM event_types WHERE type = ?)');
    params.push(toStoredText(eventType));
  }
  const filter = conditions.join(' AND ');
  const order = `ORDER BY position ${backwards ? 'DESC' : 'ASC'} LIMIT ?`;
  const stretch = [question.after, question.upTo, question.limit];
  const target = toStoredText(question.target);
  if (question.depth === 1) {
    return tx.all(
      `SELECT r.event AS "event", r.position AS "position" FROM relations r
       WHERE r.target_event_id = ? AND ${filter} AND r.position > ? AND r.position <= ? ${order}`,
      target,
      ...params,
      ...stretch,
    );
  }
  return tx.all(
    `WITH RECURSIVE related (event, position, depth) AS (
       SELECT r.event, r.position, 1 FROM relations r WHERE r.target_event_id = ? AND ${filter}
       UNION ALL
       SELECT r.event, r.position, d.depth + 1 FROM related d JOIN events e ON e.nid = d.event
         JOIN relations r ON r.target_event_id = e.event_id WHERE d.depth < ? AND ${filter}
     )
     SELECT event AS "event", position AS "position" FROM related WHERE position > ? AND position <= ? ${order}`,
    target,
    ...params,
    question.depth,
    ...params,
    ...stretch,
  );
};

export interface Thread {
  /** nid of the root event. */
  readonly root: number;
  /** Position of the latest event in the thread. */
  readonly latest: number;
}

/** Threads whose root is known, the one with the latest event first. */
export const threadsOfRoom = (
  tx: ReadTx,
  question: RelationScope & {
    readonly latestUpTo: number;
    /** Only threads that this user began or wrote in. */
    readonly participant: number | undefined;
    readonly limit: number;
  },
): Promise<Thread[]> => {
  const { ignored, participant } = question;
  const wrote = `(e.sender = ? OR EXISTS (SELECT 1 FROM relations o WHERE o.target_event_id = e.event_id
    AND o.rel_type = 'm.thread' AND o.room = e.room AND o.sender = ?))`;
  return tx.all(
    `SELECT e.nid AS "root", t.latest AS "latest" FROM (
       SELECT r.target_event_id AS target, max(r.position) AS latest FROM relations r
       WHERE r.room = ? AND r.rel_type = 'm.thread' AND r.position <= ?
         ${ignored.length === 0 ? '' : `AND NOT (${tx.dialect.anyInt('r.sender')})`}
       GROUP BY r.target_event_id
     ) t JOIN events e ON e.event_id = t.target AND e.room = ? AND e.position IS NOT NULL
     WHERE t.latest <= ? ${participant === undefined ? '' : `AND ${wrote}`}
     ORDER BY t.latest DESC LIMIT ?`,
    question.room,
    question.upTo,
    ...(ignored.length === 0 ? [] : [tx.dialect.list(ignored)]),
    question.room,
    question.latestUpTo,
    ...(participant === undefined ? [] : [participant, participant]),
    question.limit,
  );
};
