// Judges events again because what they stand upon arrived or changed: in order, some in each transaction, until none is left.

import { parseJsonLossless } from '../../protocol/canonical-json/parse-json.ts';
import { joinPdu } from '../../protocol/events/join-pdu.ts';
import { parsePdu } from '../../protocol/events/parse-pdu.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import { eventsByNid, type StoredEvent } from '../../storage/stores/events.ts';
import { SEQUENCE_MOVED } from '../../storage/stores/persist.ts';
import { acceptedFollowers, dependantsOf, isInGraph, rejudgementsOf } from '../../storage/stores/received-events.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';
import { type Batch, discardBatch, type Place, startBatch } from './batch.ts';
import type { IncomingEvent } from './incoming.ts';
import { internEvents } from './intern-events.ts';
import { judgeEvent } from './judge-event.ts';
import { moveExtremity } from './move-extremity.ts';
import { placeEvent } from './place-event.ts';
import { writeBatch } from './write-batch.ts';

/** Events judged again in one transaction. */
const STEP = 200;
/** Attempts in a row that a failed write of the room may cost. */
const ATTEMPTS_MAX = 8;

/** Until nothing in the room is left to be judged again. */
export const rejudgeRoom = async (engine: Engine, roomId: RoomId): Promise<void> => {
  for (let attempt = 1; ; ) {
    const step = await engine.lock.run(roomId, () => rejudgeSome(engine, roomId));
    if (!step) return;
    try {
      await step.written;
      attempt = 1;
    } catch (error) {
      if (attempt++ === ATTEMPTS_MAX || !(error instanceof Error) || error.message !== SEQUENCE_MOVED) throw error;
    }
  }
};

const rejudgeSome = async (
  engine: Engine,
  roomId: RoomId,
): Promise<{ readonly written: Promise<unknown> } | undefined> => {
  const room = await engine.warm.get(roomId);
  if (!room) return undefined;
  // Names of stored events are known, but what is on its way to the disk is not read from there.
  await room.latestWrite;
  const nids = await engine.db.read((tx) => rejudgementsOf(tx, room.nid, STEP));
  if (nids.length === 0) return undefined;
  const queue = await loadQueue(engine, room, nids);
  const batch = await startBatch(
    engine,
    room,
    [...queue.values()].map(({ incoming }) => incoming),
    {
      as: 'new',
      onMissing: 'judge',
    },
  );
  const done = new Set<number>(nids);
  try {
    for (let count = 0; queue.size > 0 && count < STEP; count++) {
      const next = firstOf(queue);
      queue.delete(next.stored.nid);
      done.add(next.stored.nid);
      if (!(await rejudge(batch, next))) continue;
      const { nid, eventId } = next.stored;
      const dependants = await engine.db.read((tx) => dependantsOf(tx, [{ nid, eventId }]));
      const more = await loadQueue(
        engine,
        room,
        dependants.filter((one) => !queue.has(one)),
      );
      for (const [one, entry] of more) queue.set(one, entry);
    }
    for (const nid of queue.keys()) batch.toRejudge.add(nid);
    return await writeBatch(batch, { rejudged: [...done] });
  } catch (error) {
    discardBatch(batch);
    throw error;
  }
};

interface Waiting {
  readonly stored: StoredEvent;
  readonly incoming: IncomingEvent;
  /** Whether it came to be put into the timeline. */
  readonly wantsPlace: boolean;
}

const loadQueue = async (engine: Engine, room: RoomRef, nids: readonly number[]): Promise<Map<number, Waiting>> => {
  if (nids.length === 0) return new Map();
  const events = await engine.db.read((tx) => eventsByNid(tx, nids));
  const queue = new Map<number, Waiting>();
  for (const stored of events) {
    if (stored.room !== room.nid) continue;
    const incoming = incomingOf(stored, room);
    const wantsPlace = await engine.db.read((tx) => isInGraph(tx, stored.nid, incoming.event.prevEvents));
    queue.set(stored.nid, { stored, incoming, wantsPlace });
  }
  return queue;
};

export const incomingOf = (stored: StoredEvent, room: RoomRef): IncomingEvent => ({
  ...parsePdu(parseJsonLossless(joinPdu(stored, room.roomId, room.version)), room.version, { limitReferences: false }),
  source: serverOf(stored.sender) as ServerName,
});

const firstOf = (queue: ReadonlyMap<number, Waiting>): Waiting => {
  let first: Waiting | undefined;
  for (const one of queue.values()) {
    if (!first || compare(one.stored, first.stored) < 0) first = one;
  }
  return first!;
};

const compare = (a: StoredEvent, b: StoredEvent): number => a.depth - b.depth || a.nid - b.nid;

/** Whether its verdict or the state after it is another now. */
const rejudge = async (batch: Batch, { stored, incoming, wantsPlace }: Waiting): Promise<boolean> => {
  const { engine } = batch;
  await learnReferences(batch, incoming);
  const known = batch.known.get(stored.eventId)!;
  const as: Place = known.isPlaced ? 'history' : wantsPlace ? 'new' : 'outlier';
  const interned = await internEvents(engine, [incoming]);
  for (const [user, nid] of interned.users) batch.users.set(user, nid);
  const nids = { ...interned.nids[0]!, event: stored.nid };
  const judgement = await judgeEvent(batch, incoming, { nid: stored.nid, stateKey: nids.stateKey }, as);
  // A state that another server told cannot be found again.
  if (known.root !== undefined && judgement.before === undefined) return false;
  const awaits = judgement.awaits.length > 0 || wantsPlace;
  const isChanged = judgement.verdict !== known.verdict || judgement.after !== known.root;
  if (!isChanged && !awaits) return false;
  const earlier = batch.rows.findIndex(({ nid }) => nid === stored.nid);
  const position = stored.position ?? undefined;
  const isCovered = (await engine.db.read((tx) => acceptedFollowers(tx, [stored.nid]))).size > 0;
  const place = { isPlaced: known.isPlaced, isCovered, ...(position !== undefined && { position }) };
  await placeEvent(batch, incoming, nids, judgement, place);
  if (earlier !== -1) mergeRows(batch, earlier);
  if (known.isPlaced) await moveExtremity(batch, incoming.event, judgement);
  return isChanged;
};

/** What was judged twice in one transaction is written once. */
const mergeRows = (batch: Batch, earlier: number): void => {
  const [before] = batch.rows.splice(earlier, 1);
  const now = batch.rows.at(-1)!;
  const isNews = now.inTimeline || (before!.inTimeline && now.verdict === 0);
  batch.rows[batch.rows.length - 1] = { ...now, inTimeline: isNews };
};

/** Events that were named when this one came may have come since. */
const learnReferences = async (batch: Batch, { event }: IncomingEvent): Promise<void> => {
  const named: EventId[] = [event.eventId, ...event.prevEvents, ...event.authEvents];
  const unknown = named.filter((id) => !batch.known.has(id));
  if (unknown.length === 0) return;
  for (const [id, known] of await batch.engine.known.of(unknown)) batch.known.set(id, known);
};
