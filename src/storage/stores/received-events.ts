// What judging events of other servers asks of the database: what is here of the events they name, and what waits for them.

import type { EventId, RoomId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';
import { serverPart } from '../dialects/server-part.ts';
import { toStoredText } from '../text.ts';
import type { VerdictCode } from './persist-rows.ts';

export interface KnownEventRow {
  readonly nid: number;
  readonly eventId: EventId;
  readonly room: number;
  readonly verdict: VerdictCode;
  readonly stateRoot: Uint8Array | null;
  readonly depth: number;
  readonly position: number | null;
  readonly stateKey: number | null;
  readonly thread: number | null;
}

/** Those that are stored, in no particular order. The ids are different ones. */
export const knownEvents = (tx: ReadTx, eventIds: readonly EventId[]): Promise<KnownEventRow[]> =>
  tx.all(
    `SELECT nid AS "nid", event_id AS "eventId", room AS "room", verdict AS "verdict", state_root AS "stateRoot",
       depth AS "depth", position AS "position", state_key AS "stateKey", thread AS "thread"
     FROM ${tx.dialect.givenTexts} CROSS JOIN events WHERE event_id = given.value`,
    tx.dialect.list(eventIds),
  );

export interface Follower {
  readonly event: number;
  readonly verdict: VerdictCode;
  /** 1: the state at it is known all the same, because another server told it. */
  readonly isTold: 0 | 1;
}

/** Event id → nids of the events that name it as a prev event while it is not here, with their verdicts. */
export const followersOf = (
  tx: ReadTx,
  eventIds: readonly EventId[],
): Promise<(Follower & { readonly eventId: EventId })[]> =>
  tx.all(
    `SELECT m.prev_event_id AS "eventId", m.event AS "event", e.verdict AS "verdict",
       CASE WHEN e.state_root IS NULL THEN 0 ELSE 1 END AS "isTold"
     FROM ${tx.dialect.givenTexts} CROSS JOIN missing_edges m JOIN events e ON e.nid = m.event
     WHERE m.prev_event_id = given.value`,
    tx.dialect.list(eventIds),
  );

/** Events that stand in the graph behind one whose own state was not known, though theirs is: another server told it. */
export const toldFollowersOf = async (tx: ReadTx, prev: number): Promise<number[]> => {
  const rows = await tx.all<{ event: number }>(
    `SELECT d.event AS "event" FROM edges d JOIN events e ON e.nid = d.event
     WHERE d.prev = ? AND e.state_root IS NOT NULL`,
    prev,
  );
  return rows.map(({ event }) => event);
};

/** Events that were rejected for want of some of these. */
export const awaitersOf = (tx: ReadTx, eventIds: readonly EventId[]): Promise<{ eventId: EventId; event: number }[]> =>
  tx.all(
    `SELECT awaited_event_id AS "eventId", event AS "event" FROM ${tx.dialect.givenTexts} CROSS JOIN awaited_events
     WHERE awaited_event_id = given.value`,
    tx.dialect.list(eventIds),
  );

/** Whether an event stands in the graph of the room; outliers do not. `prevs`: its prev events. */
export const isInGraph = async (tx: ReadTx, event: number, prevs: readonly EventId[]): Promise<boolean> => {
  const list = tx.dialect.list(prevs);
  const found = await tx.get(
    `SELECT 1 AS "one" FROM missing_edges WHERE ${tx.dialect.anyText('prev_event_id')} AND event = ?
     UNION ALL SELECT 1 AS "one" FROM events p JOIN edges d ON d.prev = p.nid
     WHERE ${tx.dialect.anyText('p.event_id')} AND d.event = ? LIMIT 1`,
    list,
    event,
    list,
    event,
  );
  return found !== undefined;
};

/** Redactions that came before what they redact. */
export const redactionsWaitingFor = (
  tx: ReadTx,
  eventIds: readonly EventId[],
): Promise<{ eventId: EventId; redaction: number }[]> =>
  tx.all(
    `SELECT target_event_id AS "eventId", redaction AS "redaction" FROM ${tx.dialect.givenTexts} CROSS JOIN pending_redactions
     WHERE target_event_id = given.value ORDER BY redaction`,
    tx.dialect.list(eventIds),
  );

/** Events that stand upon some events: by their verdicts' inputs, as followers in the graph, or by their auth_events. */
export const dependantsOf = async (
  tx: ReadTx,
  events: readonly { readonly nid: number; readonly eventId: EventId }[],
): Promise<number[]> => {
  const ids = tx.dialect.list(events.map(({ eventId }) => eventId));
  const nids = tx.dialect.list(events.map(({ nid }) => nid));
  const rows = await tx.all<{ event: number }>(
    `SELECT event AS "event" FROM verdict_inputs WHERE ${tx.dialect.anyText('input_event_id')}
     UNION SELECT event AS "event" FROM awaited_events WHERE ${tx.dialect.anyText('awaited_event_id')}
     UNION SELECT event AS "event" FROM edges WHERE ${tx.dialect.anyInt('prev')}
     UNION SELECT event AS "event" FROM auth_edges WHERE ${tx.dialect.anyInt('auth')}`,
    ids,
    ids,
    nids,
    nids,
  );
  return rows.map(({ event }) => event);
};

/** State events that name this one as an auth event, by nid above `after`. */
export const citersOf = (
  tx: ReadTx,
  auth: number,
  after: number,
  limit: number,
): Promise<{ event: number; stateKey: number }[]> =>
  tx.all(
    `SELECT a.event AS "event", e.state_key AS "stateKey" FROM auth_edges a JOIN events e ON e.nid = a.event
     WHERE a.auth = ? AND a.event > ? ORDER BY a.event LIMIT ?`,
    auth,
    after,
    limit,
  );

/** The same for several events at once; undefined: there are more than `limit`. */
export const citersOfAll = async (
  tx: ReadTx,
  auths: readonly number[],
  limit: number,
): Promise<{ auth: number; event: number; stateKey: number }[] | undefined> => {
  const rows = await tx.all<{ auth: number; event: number; stateKey: number }>(
    `SELECT a.auth AS "auth", a.event AS "event", e.state_key AS "stateKey" FROM auth_edges a JOIN events e ON e.nid = a.event
     WHERE ${tx.dialect.anyInt('a.auth')} LIMIT ?`,
    tx.dialect.list(auths),
    limit + 1,
  );
  return rows.length > limit ? undefined : rows;
};

/** Accepted events of the timeline that follow one of these. */
export const acceptedFollowers = async (
  tx: ReadTx,
  events: readonly number[],
  /** One that does not count. */
  except = 0,
): Promise<Set<number>> => {
  const rows = await tx.all<{ prev: number }>(
    `SELECT DISTINCT d.prev AS "prev" FROM edges d JOIN events e ON e.nid = d.event
     WHERE ${tx.dialect.anyInt('d.prev')} AND e.verdict = 0 AND e.position IS NOT NULL AND e.nid <> ?`,
    tx.dialect.list(events),
    except,
  );
  return new Set(rows.map(({ prev }) => prev));
};

/** Events of a room to judge again, those first that others stand upon. */
export const rejudgementsOf = async (tx: ReadTx, room: number, limit: number): Promise<number[]> => {
  const rows = await tx.all<{ nid: number }>(
    `SELECT e.nid AS "nid" FROM rejudgements r JOIN events e ON e.nid = r.event
     WHERE r.room = ? ORDER BY e.depth, e.nid LIMIT ?`,
    room,
    limit,
  );
  return rows.map(({ nid }) => nid);
};

/** Rooms in which judging again was not done when the server stopped. */
export const roomsToRejudge = async (tx: ReadTx): Promise<RoomId[]> => {
  const rows = await tx.all<{ roomId: RoomId }>(
    `SELECT DISTINCT o.room_id AS "roomId" FROM rejudgements r JOIN rooms o ON o.nid = r.room`,
  );
  return rows.map(({ roomId }) => roomId);
};

/** Whether a user of this server is joined to the room. */
export const hasJoinedMemberOf = async (tx: ReadTx, room: number, server: string): Promise<boolean> => {
  const found = await tx.get(
    `SELECT 1 AS "one" FROM users u JOIN memberships m ON m.user_nid = u.nid AND m.room = ?
     WHERE ${serverPart(tx.dialect, 'u.user_id')} = ? AND m.membership = 'join' LIMIT 1`,
    room,
    toStoredText(server),
  );
  return found !== undefined;
};
