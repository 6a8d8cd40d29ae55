// Takes events of other servers in: judge them in order under the room's lock, enqueue one write, let the next one in, wait for
// the disk.

import { notFound } from '../../protocol/errors/matrix-error.ts';
import type { EventId, RoomId } from '../../protocol/ids/branded.ts';
import { SEQUENCE_MOVED } from '../../storage/stores/persist.ts';
import { dependantsOf, toldFollowersOf } from '../../storage/stores/received-events.ts';
import type { Engine } from '../rooms.ts';
import { type Batch, type BatchOptions, discardBatch, startBatch } from './batch.ts';
import { missingAuthEvents } from './checks/auth-events.ts';
import type { Fate, IncomingEvent } from './incoming.ts';
import { type InternedEvents, internEvents } from './intern-events.ts';
import { judgeEvent } from './judge-event.ts';
import type { KnownEvent } from './known-events.ts';
import { orderEvents, referencesIn } from './order-events.ts';
import { placeEvent, type ReceivedNids } from './place-event.ts';
import { rejudgeRoom } from './rejudge-room.ts';
import { prevsOf } from './state-before.ts';
import { writeBatch } from './write-batch.ts';

/** Judging again is needed only when another write of the room failed, so few attempts are enough. */
const ATTEMPTS_MAX = 8;
/** After so many events others get their turn on the event loop: judging reads without waiting for anything. */
const STEP = 5;

export const acceptEvents = async (
  engine: Engine,
  roomId: RoomId,
  events: readonly IncomingEvent[],
  options: BatchOptions,
): Promise<Fate[]> => {
  if (events.length === 0) return [];
  const interned = await internEvents(engine, events);
  for (let attempt = 1; ; attempt++) {
    const first = await engine.nids.take(events.length);
    const judged = await engine.lock.run(roomId, () =>
      judgeAndEnqueue(engine, roomId, events, options, { ...interned, first }),
    );
    try {
      await judged.written;
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || !(error instanceof Error) || error.message !== SEQUENCE_MOVED) throw error;
      continue;
    }
    if (judged.wakesOthers) await rejudgeRoom(engine, roomId);
    return events.map(({ event }) => judged.fates.get(event.eventId)!);
  }
};

interface JudgedBatch {
  readonly fates: ReadonlyMap<EventId, Fate>;
  /** Settles once everything that the fates tell of is on disk. */
  readonly written: Promise<unknown>;
  /** Whether events here waited for some of these. */
  readonly wakesOthers: boolean;
}

const judgeAndEnqueue = async (
  engine: Engine,
  roomId: RoomId,
  events: readonly IncomingEvent[],
  options: BatchOptions,
  numbers: InternedEvents & { readonly first: number },
): Promise<JudgedBatch> => {
  const room = await engine.warm.get(roomId);
  if (!room) throw notFound(`This server is not in the room ${roomId}.`);
  const batch = await startBatch(engine, room, events, options);
  for (const [user, nid] of numbers.users) batch.users.set(user, nid);
  const { nids, first } = numbers;
  const own = new Map(events.map(({ event }, i) => [event.eventId, { ...nids[i]!, event: first + i }]));
  const fates = new Map<EventId, Fate>();
  try {
    for (const incoming of orderEvents(events, referencesIn(room.version, options.as === 'outlier' ? 'auth' : 'all'))) {
      const { eventId } = incoming.event;
      if (fates.size % STEP === STEP - 1) await new Promise(setImmediate);
      fates.set(eventId, await takeIn(batch, incoming, own.get(eventId)!));
    }
    const write = await writeBatch(batch);
    return { fates, written: write?.written ?? latestWrite(room), wakesOthers: batch.toRejudge.size > 0 };
  } catch (error) {
    discardBatch(batch);
    throw error;
  }
};

const takeIn = async (batch: Batch, incoming: IncomingEvent, nids: ReceivedNids): Promise<Fate> => {
  const { event } = incoming;
  const { eventId } = event;
  const stored = batch.known.get(eventId);
  const isOutlierNow = stored?.room === batch.room.nid && stored.root === undefined && !stored.isPlaced;
  if (stored && (!isOutlierNow || batch.options.as === 'outlier')) return { eventId, fate: 'known' };
  const missing = missingFor(batch, incoming);
  if (missing && batch.options.onMissing === 'wait') return { eventId, fate: 'waiting', ...missing };
  if (missing && stored) return { eventId, fate: 'known' };
  const own = stored ? { ...nids, event: stored.nid } : nids;
  const judgement = await judgeEvent(batch, incoming, { nid: own.event, stateKey: own.stateKey });
  await placeEvent(batch, incoming, own, judgement, stored);
  const { failed, verdict } = judgement;
  if (stored && (stored.verdict === 2) !== (verdict === 2)) await wakeDependants(batch, stored);
  else if (stored && judgement.after !== undefined) await wakeToldFollowers(batch, stored);
  return failed ? { eventId, fate: verdict === 1 ? 'soft-failed' : 'rejected', failed } : { eventId, fate: 'accepted' };
};

/** What stood upon the verdict that the event had while it was an outlier. */
const wakeDependants = async ({ engine, room, toRejudge }: Batch, { nid, eventId }: KnownEvent): Promise<void> => {
  await room.latestWrite.catch(() => undefined);
  for (const one of await engine.db.read((tx) => dependantsOf(tx, [{ nid, eventId }]))) toRejudge.add(one);
};

/** What follows it was judged by a state that another server told. */
const wakeToldFollowers = async ({ engine, room, toRejudge }: Batch, { nid }: KnownEvent): Promise<void> => {
  await room.latestWrite.catch(() => undefined);
  for (const one of await engine.db.read((tx) => toldFollowersOf(tx, nid))) toRejudge.add(one);
};

const missingFor = (
  batch: Batch,
  { event }: IncomingEvent,
): { missingPrevs: readonly EventId[]; missingAuthEvents: readonly EventId[] } | undefined => {
  const { as, statesBefore } = batch.options;
  const needsPrevs = as === 'new' && statesBefore?.has(event.eventId) !== true;
  const missingPrevs = needsPrevs ? prevsOf(batch, event).missing : [];
  const missingAuth = missingAuthEvents(batch, event);
  return missingPrevs.length + missingAuth.length > 0 ? { missingPrevs, missingAuthEvents: missingAuth } : undefined;
};

/** What is here already may still be on its way to the disk, or fail to get there. */
const latestWrite = (room: { readonly latestWrite: Promise<unknown> }): Promise<unknown> =>
  room.latestWrite.catch(() => {
    throw new Error(SEQUENCE_MOVED);
  });
