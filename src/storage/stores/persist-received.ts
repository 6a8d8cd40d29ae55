// What a persist writes for events of other servers alone: holes in timelines, what verdicts stand upon, judging again.

import type { WriteTx } from '../database.ts';
import { packRest } from '../rest-text.ts';
import type { EventRow, FailureRow, PersistArgs } from './persist-rows.ts';
import { seekEvents } from './sought-events.ts';

/** Positions that are kept free below an event that stands above a hole. */
export const HOLE_POSITIONS = 2 ** 20;

export const insertFailure = async (
  tx: WriteTx,
  event: Pick<EventRow, 'nid' | 'verdict'>,
  failure: FailureRow,
  now: number,
): Promise<void> => {
  await tx.run(
    'INSERT INTO verdicts (event, verdict, failed_check, rule, sentence, inputs, judged_ts) VALUES (?, ?, ?, ?, ?, ?, ?)',
    event.nid,
    event.verdict,
    failure.check,
    failure.rule,
    failure.sentence,
    JSON.stringify(failure.inputs),
    now,
  );
  await tx.runMany(
    'INSERT INTO verdict_inputs (input_event_id, event) VALUES (?, ?) ON CONFLICT DO NOTHING',
    failure.inputs.map((input) => [input, event.nid]),
  );
};

/** The ways by which events find each other. */
export const connectGraph = async (
  tx: WriteTx,
  room: number,
  event: EventRow,
  position: number | null,
  now: number,
): Promise<void> => {
  const { nid, awaits = [], authEvents = [], seeks = [] } = event;
  if (awaits.length > 0) {
    await tx.runMany(
      'INSERT INTO awaited_events (awaited_event_id, event) VALUES (?, ?) ON CONFLICT DO NOTHING',
      awaits.map((awaited) => [awaited, nid]),
    );
  }
  if (event.stateKey !== null && authEvents.length > 0) {
    await tx.run(
      `INSERT INTO auth_edges (auth, event) SELECT nid, CAST(? AS BIGINT) FROM events
       WHERE ${tx.dialect.anyText('event_id')} ON CONFLICT DO NOTHING`,
      nid,
      tx.dialect.list(authEvents),
    );
  }
  if (event.fillsEdges) {
    await tx.run(
      `INSERT INTO edges (prev, event) SELECT CAST(? AS BIGINT), event FROM missing_edges WHERE prev_event_id = ?
       ON CONFLICT DO NOTHING`,
      nid,
      event.eventId,
    );
    await tx.run('DELETE FROM missing_edges WHERE prev_event_id = ?', event.eventId);
  }
  if (seeks.length > 0) await seekEvents(tx, room, seeks, now);
  if (event.redactedBy !== undefined) {
    await tx.run('DELETE FROM pending_redactions WHERE target_event_id = ?', event.eventId);
  }
  if (event.aboveHole && position !== null) await openHole(tx, room, nid, position);
};

const openHole = (tx: WriteTx, room: number, event: number, position: number): Promise<number> =>
  tx.run(
    `INSERT INTO timeline_holes (event, room, next_position, lowest_position) VALUES (?, ?, ?, ?)
     ON CONFLICT (event) DO NOTHING`,
    event,
    room,
    position - 1,
    position - HOLE_POSITIONS,
  );

/** By event nid, the places of fetched history: each below what follows it. */
export const placeHistory = async (
  tx: WriteTx,
  room: number,
  events: readonly EventRow[],
): Promise<Map<number, number>> => {
  const places = new Map<number, number>();
  for (const event of events.toReversed()) {
    if (!event.isHistory || event.keepsPosition !== undefined) continue;
    const followers = events.filter(({ nid, prevs }) => places.has(nid) && prevs.includes(event.nid));
    const above = [...followers.map(({ nid }) => places.get(nid)!), ...(await followersOf(tx, event.eventId))];
    places.set(event.nid, await nextInHole(tx, room, above));
  }
  return places;
};

const followersOf = async (tx: WriteTx, eventId: string): Promise<number[]> => {
  const row = await tx.get<{ position: number | null }>(
    `SELECT min(e.position) AS "position" FROM missing_edges m JOIN events e ON e.nid = m.event
     WHERE m.prev_event_id = ? AND e.position IS NOT NULL`,
    eventId,
  );
  return row?.position === null || row === undefined ? [] : [row.position];
};

const nextInHole = async (tx: WriteTx, room: number, above: readonly number[]): Promise<number> => {
  const follower = Math.min(...above);
  const hole = await tx.get<{ event: number; next: number }>(
    `SELECT event AS "event", next_position AS "next" FROM timeline_holes
     WHERE room = ? AND next_position < ? AND next_position >= lowest_position ORDER BY next_position DESC LIMIT 1`,
    room,
    Number.isFinite(follower) ? follower : Number.MAX_SAFE_INTEGER,
  );
  if (hole) {
    await tx.run('UPDATE timeline_holes SET next_position = ? WHERE event = ?', hole.next - 1, hole.event);
    return hole.next;
  }
  // A room without a hole, or one that is full: below everything.
  const lowest = await tx.get<{ position: number | null }>('SELECT min(position) AS "position" FROM events');
  return Math.min(0, lowest?.position ?? 0) - 1;
};

/** Writes an event anew that was judged again, or that was an outlier and has its place now. */
export const replaceEvent = async (tx: WriteTx, event: EventRow, position: number | null): Promise<void> => {
  for (const table of ['verdicts', 'verdict_inputs', 'awaited_events', 'relations']) {
    await tx.run(`DELETE FROM ${table} WHERE event = ?`, event.nid);
  }
  await tx.run(
    `UPDATE events SET position = ?, content = ?, rest = ?, state_root = ?, replaces = ?, thread = ?, notifies = ?,
       notified_total = ?, verdict = ?, redacted_by = coalesce(redacted_by, CAST(? AS BIGINT)) WHERE nid = ?`,
    position,
    event.content,
    packRest(event.rest),
    event.stateRoot,
    event.replaces,
    event.thread,
    Number(event.notifies) + Number(event.highlights),
    event.notifiedTotal,
    event.verdict,
    event.redactedBy ?? null,
    event.nid,
  );
};

export const forwardEvent = (tx: WriteTx, event: number, position: number): Promise<number> =>
  tx.run('INSERT INTO forwarded_events (position, event) VALUES (?, ?)', position, event);

/** Whether an event that was rejected when it was to be forwarded is to be forwarded now. */
export const takeOwedForward = async (tx: WriteTx, event: number): Promise<boolean> =>
  (await tx.run('DELETE FROM owed_forwards WHERE event = ?', event)) > 0;

export const storeRejudgements = async (
  tx: WriteTx,
  room: number,
  { rejudged = [], toRejudge = [] }: PersistArgs,
): Promise<void> => {
  await tx.runMany(
    'DELETE FROM rejudgements WHERE event = ?',
    rejudged.map((event) => [event]),
  );
  await tx.runMany(
    'INSERT INTO rejudgements (event, room) VALUES (?, ?) ON CONFLICT DO NOTHING',
    toRejudge.map((event) => [event, room]),
  );
};
