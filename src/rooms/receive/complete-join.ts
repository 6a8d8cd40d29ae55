// Makes a room whole that was entered without its members: the state before the join is put under the join and under everything
// since, and what was judged without it is judged again. The state itself is stored before the room is locked; one write then makes
// it the room's. What follows from it is written after that, and at the end the room is shown as whole.

import { assert } from '../../lib/assert.ts';
import { slicesOf } from '../../lib/slices-of.ts';
import { forbidden } from '../../protocol/errors/matrix-error.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import { eventsByNid, type StoredEvent } from '../../storage/stores/events.ts';
import { directFollowers, roomStatesFrom } from '../../storage/stores/partial-joins.ts';
import type { Completion } from '../../storage/stores/persist.ts';
import { knownEvents } from '../../storage/stores/received-events.ts';
import { storeStateNodes } from '../../storage/stores/state-nodes.ts';
import type { Engine } from '../rooms.ts';
import { bytesToHash, hashToBytes } from '../state/room-state.ts';
import { diffTrees } from '../state-tree/diff-trees.ts';
import { emptyRoot } from '../state-tree/encode-node.ts';
import { allEntries, getEntries, type StateEntries } from '../state-tree/read-entries.ts';
import { setEntries } from '../state-tree/set-entries.ts';
import { digitAt, FAN_OUT, type NodeHash } from '../state-tree/state-node.ts';
import type { WarmRoom } from '../warm-rooms.ts';
import { type Batch, discardBatch, keepState, startBatch } from './batch.ts';
import { moveHead } from './current-state.ts';
import { finishJoin } from './finish-join.ts';
import type { IncomingEvent, ToldJoinState } from './incoming.ts';
import { type Judgement, judgeEvent } from './judge-event.ts';
import type { KnownEvent } from './known-events.ts';
import { incomingOf } from './rejudge-room.ts';
import { writeBatch } from './write-batch.ts';

/** Ids or nids in one question to the database. */
const CHUNK = 1000;
/** Events that are looked up by their ids without letting others have their turn, some 10 ms. */
const STATE_AT_ONCE = 250;
/** Events in memory at once of those that came since the join. Other rooms have their turn after them. */
const FOLLOWERS_AT_ONCE = 50;

export const completeJoin = async (engine: Engine, told: ToldJoinState): Promise<void> => {
  const before = await storeStateBefore(engine, told);
  if (before !== undefined) await putStateBefore(engine, told, before);
  await finishJoin(engine, told.roomId);
};

const putStateBefore = async (engine: Engine, { roomId, joinEventId }: ToldJoinState, before: NodeHash) => {
  const write = await engine.lock.run(roomId, async () => {
    const room = await engine.warm.get(roomId);
    if (!room?.isPartial) return undefined;
    // What is on its way to the disk is not read from there.
    await room.latestWrite;
    const begun = await makeWhole(engine, room, joinEventId, before);
    room.isPartial = false;
    return begun;
  });
  await write?.written;
};

const makeWhole = async (engine: Engine, room: WarmRoom, joinEventId: EventId, before: NodeHash) => {
  const { known, stored, incoming } = await loadJoin(engine, room, joinEventId);
  const batch = await startBatch(engine, room, [incoming], { as: 'history', onMissing: 'judge', isWhole: true });
  try {
    const judgement = await judgeEvent(
      batch,
      incoming,
      { nid: known.nid, stateKey: known.stateKey },
      'history',
      before,
    );
    if (judgement.failed) throw forbidden(`The state that was told refuses the join: ${judgement.failed.sentence}`);
    const events: Completion['events'][number][] = [];
    setRoot(batch, incoming, known, judgement, events);
    await putUnderFollowers(batch, known.nid, events);
    const roots = new Map(events.map(({ nid, stateRoot }) => [nid, bytesToHash(stateRoot)]));
    moveHead(
      batch,
      room.head.extremities.map((one) => ({ ...one, stateRoot: roots.get(one.nid) ?? one.stateRoot })),
    );
    const states = await statesSince(batch, stored, known.root, judgement.after!);
    return await writeBatch(batch, { completion: { events, states } });
  } catch (error) {
    discardBatch(batch);
    throw error;
  }
};

const knownJoin = async (engine: Engine, room: WarmRoom, joinEventId: EventId) => {
  const known = (await engine.known.of([joinEventId])).get(joinEventId);
  assert(known?.room === room.nid && known.root !== undefined, 'the join by which a room was entered is stored');
  return { ...known, root: known.root };
};

const loadJoin = async (engine: Engine, room: WarmRoom, joinEventId: EventId) => {
  const known = await knownJoin(engine, room, joinEventId);
  const [stored] = await engine.db.read((tx) => eventsByNid(tx, [known.nid]));
  return { known, stored: stored!, incoming: incomingOf(stored!, room) };
};

/**
 * The root of what was told, and of what was known from the start that which it leaves out; undefined: the room is whole. Nobody
 * else sees it until the room is made whole, so that others may use the room meanwhile.
 */
const storeStateBefore = async (engine: Engine, told: ToldJoinState): Promise<NodeHash | undefined> => {
  const room = await engine.warm.get(told.roomId);
  if (!room?.isPartial) return undefined;
  const { source, nodes } = engine.state;
  const join = await knownJoin(engine, room, told.joinEventId);
  const entries = await allEntries(source, join.root);
  entries.delete(join.stateKey!);
  for (const some of slicesOf(told.state, STATE_AT_ONCE)) {
    const known = await engine.db.read((tx) => knownEvents(tx, some));
    for (const { nid, room: ofRoom, stateKey, verdict } of known) {
      if (ofRoom === room.nid && stateKey !== null && verdict !== 2) entries.set(stateKey, nid);
    }
    await new Promise(setImmediate);
  }
  // Many go by the parts of the tree that they stand in: nothing below its root is made twice.
  const digits = entries.size > CHUNK ? FAN_OUT : 1;
  let whole = emptyRoot;
  for (let digit = 0; digit < digits; digit++) {
    const some = digits === 1 ? [...entries] : entriesAt(entries, digit);
    const { root, newNodes } = await setEntries(source, whole, some);
    await engine.db.write(
      storeStateNodes,
      newNodes.map(({ hash, body }) => ({ hash: hashToBytes(hash), body })),
    );
    for (const { hash, node } of newNodes) nodes.put(hash, node);
    whole = root;
  }
  return whole;
};

/** Those of the entries that stand under one child of the tree's root. */
const entriesAt = (entries: StateEntries, digit: number): [key: number, event: number][] => {
  const some: [key: number, event: number][] = [];
  for (const [key, event] of entries) if (digitAt(key, 0) === digit) some.push([key, event]);
  return some;
};

/** The event has this state after it from now on, whatever is said of it later. */
const setRoot = (
  batch: Batch,
  incoming: IncomingEvent,
  known: KnownEvent,
  { after, replaces }: Judgement,
  events: Completion['events'][number][],
): void => {
  if (after === undefined || after === known.root) return;
  const { engine } = batch;
  const now = { ...known, root: after };
  batch.known.set(known.eventId, now);
  engine.known.begin(now, incoming.event);
  batch.begun.add(known.eventId);
  events.push({ nid: known.nid, stateRoot: hashToBytes(after), replaces: replaces ?? null });
};

/** Everything that came after the join, in order, stands upon the whole state. */
const putUnderFollowers = async (batch: Batch, join: number, events: Completion['events'][number][]): Promise<void> => {
  const { engine, room } = batch;
  const followers = await followersOf(engine, join);
  for (const nids of slicesOf(followers, FOLLOWERS_AT_ONCE)) {
    const stored = new Map((await engine.db.read((tx) => eventsByNid(tx, nids))).map((one) => [one.nid, one]));
    for (const nid of nids) {
      const one = stored.get(nid);
      if (one?.room === room.nid) await putUnder(batch, incomingOf(one, room), events);
    }
    await new Promise(setImmediate);
  }
};

const putUnder = async (
  batch: Batch,
  incoming: IncomingEvent,
  events: Completion['events'][number][],
): Promise<void> => {
  const { engine } = batch;
  const { event } = incoming;
  const named = [event.eventId, ...event.prevEvents, ...event.authEvents].filter((id) => !batch.known.has(id));
  for (const [id, one] of await engine.known.of(named)) batch.known.set(id, one);
  const known = batch.known.get(event.eventId)!;
  const judgement = await judgeEvent(batch, incoming, { nid: known.nid, stateKey: known.stateKey }, 'history');
  // Of a state that another server told for this event alone nothing was missing.
  if (judgement.before === undefined) return;
  setRoot(batch, incoming, known, judgement, events);
  // What was held back for other reasons is not looked at here.
  const isOtherwise = judgement.verdict === 2 ? known.verdict !== 2 : known.verdict === 2;
  if (isOtherwise) batch.toRejudge.add(known.nid);
};

/** The nids of all that came after the join, none before those that it follows; those in circles (v1–2) come last. */
const followersOf = async (engine: Engine, join: number): Promise<number[]> => {
  const followers = new Map<number, number[]>([[join, []]]);
  const follows = new Map<number, number>();
  const edge = [join];
  while (edge.length > 0) {
    const some = edge.splice(0, CHUNK);
    for (const { prev, event } of await engine.db.read((tx) => directFollowers(tx, some))) {
      followers.get(prev)!.push(event);
      follows.set(event, (follows.get(event) ?? 0) + 1);
      if (followers.has(event)) continue;
      followers.set(event, []);
      edge.push(event);
    }
  }
  const ordered = [join];
  // It grows while it is read.
  for (const prev of ordered) {
    for (const event of followers.get(prev)!) {
      const left = follows.get(event)! - 1;
      follows.set(event, left);
      if (left === 0) ordered.push(event);
    }
  }
  for (const [event, left] of follows) if (left > 0) ordered.push(event);
  return ordered.slice(1);
};

/**
 * The room's own past since the join, with what was missing in it. It stays what clients were told otherwise, so that they hear
 * of what came out different.
 */
const statesSince = async (
  batch: Batch,
  join: StoredEvent,
  partial: NodeHash,
  whole: NodeHash,
): Promise<Completion['states']> => {
  const { engine, room } = batch;
  const { source } = engine.state;
  const first = join.position;
  if (first === null) return [];
  const states: Completion['states'][number][] = [];
  let [old, now] = [partial, whole];
  for (const { position, root } of await engine.db.read((tx) => roomStatesFrom(tx, room.nid, first))) {
    const next = bytesToHash(root);
    const differences = await diffTrees(source, old, next);
    const removed = differences.flatMap(({ key, after }) => (after === undefined ? [key] : []));
    const base = await getEntries(source, whole, removed);
    const changes = differences.map(({ key, after }) => [key, after ?? base.get(key)] as const);
    now = keepState(batch, await setEntries(source, now, changes));
    old = next;
    states.push({ position, root: hashToBytes(now) });
  }
  return states;
};
