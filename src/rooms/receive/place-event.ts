// What a judged event changes: its row, the room's extremities and current state.

import { distinct } from '../../lib/distinct.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import type { EventRow } from '../../storage/stores/persist.ts';
import { relationOf } from '../send/relation-of.ts';
import type { DraftNids } from '../send/send-events.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import { type Batch, bytesOfRoot } from './batch.ts';
import { followEvent } from './extremities.ts';
import type { IncomingEvent } from './incoming.ts';
import type { Judgement } from './judge-event.ts';
import type { KnownEvent } from './known-events.ts';
import { type Redactions, redactionsOf } from './redactions.ts';

export interface ReceivedNids extends DraftNids {
  readonly event: number;
}

/** An event that is in the database already. `position`: where it stands in the timeline. */
export interface StoredPlace {
  readonly isPlaced: boolean;
  readonly position?: number;
  /** Accepted events follow it. */
  readonly isCovered?: boolean;
}

export const placeEvent = async (
  batch: Batch,
  incoming: IncomingEvent,
  nids: ReceivedNids,
  judgement: Judgement,
  stored: StoredPlace | undefined,
): Promise<void> => {
  const { options } = batch;
  const { event } = incoming;
  const { as, verdict, after } = judgement;
  const isAccepted = verdict === 0;
  const isPlaced = isAccepted && as !== 'outlier';
  const isNews = isPlaced && as === 'new' && stored?.isPlaced !== true;
  const before = batch.head;
  const thread = threadOf(batch, event);
  begin(batch, event, knownOf(batch, event, nids, judgement, { thread, isPlaced }));
  if (isNews && after !== undefined) {
    const { eventId, depth } = event;
    const isCovered =
      stored?.isCovered ?? batch.followers.get(eventId)?.some((follower) => follower.verdict === 0) === true;
    const extremity = { nid: nids.event, eventId, depth, stateRoot: after };
    const { before: stateBefore, replaces } = judgement;
    await followEvent(batch, event, { extremity, before: stateBefore, stateKey: nids.stateKey, replaces, isCovered });
  }
  const touches = event.redacts !== undefined || batch.redactions.has(event.eventId);
  const redactions = touches ? await redactionsOf(batch, incoming, judgement) : {};
  const notified = isNews ? await notify(batch, event, nids, judgement, before.stateRoot) : undefined;
  const row: EventRow = {
    ...ownColumns(incoming, nids, redactions),
    ...(notified ?? { notifies: false, highlights: false, notifiedTotal: batch.head.notifiedTotal }),
    stateRoot: after === undefined ? null : bytesOfRoot(batch, after),
    currentRoot:
      batch.isStale || batch.head.stateRoot === before.stateRoot ? null : bytesOfRoot(batch, batch.head.stateRoot),
    replaces: judgement.replaces ?? null,
    thread,
    verdict,
    inTimeline: isNews,
    ...graphOf(batch, event, judgement),
    ...placeOf(judgement, isPlaced, stored),
    ...(redactions.redactedBy !== undefined && { redactedBy: redactions.redactedBy }),
    ...(isPlaced && !redactions.redactedBy && relationRow(event)),
    ...(isPlaced && redactions.row && { redaction: redactions.row }),
    ...(isNews && nids.target !== null && { wakes: [nids.target] }),
    ...(isNews && options.isForwarded && { isForwarded: true }),
  };
  batch.rows.push(row);
  for (const nid of batch.awaiters.get(event.eventId) ?? []) batch.toRejudge.add(nid);
  if (after === undefined) return;
  // What was judged by a state that another server told can be judged by that of its prev events now.
  for (const follower of batch.followers.get(event.eventId) ?? []) {
    if (follower.isTold) batch.toRejudge.add(follower.event);
  }
};

/** From now on what follows finds it. */
const begin = ({ engine, known, begun }: Batch, event: RoomEvent, one: KnownEvent): void => {
  known.set(event.eventId, one);
  engine.known.begin(one, event);
  begun.add(event.eventId);
  if (event.stateKey !== undefined) engine.state.remember(one.nid, event);
};

const ownColumns = ({ event, contentJson, restJson }: IncomingEvent, nids: ReceivedNids, { texts }: Redactions) => ({
  nid: nids.event,
  eventId: event.eventId,
  type: nids.type,
  sender: nids.sender,
  stateKey: nids.stateKey,
  originServerTs: event.originServerTs,
  depth: event.depth,
  content: texts?.content ?? contentJson,
  rest: texts?.rest ?? restJson,
});

const graphOf = (batch: Batch, event: RoomEvent, { as, prevs, failed, awaits }: Judgement) => {
  const prevNids: number[] = [];
  const missingPrevs: EventId[] = [];
  for (const id of distinct(event.prevEvents)) {
    const prev = batch.known.get(id);
    if (prev?.room === batch.room.nid) prevNids.push(prev.nid);
    else missingPrevs.push(id);
  }
  // An outlier's prev events are none of this room's business until it has its place.
  const isOutlier = as === 'outlier';
  const isUnsupported = prevs.missing.length > 0 && as === 'new';
  return {
    prevs: isOutlier ? [] : prevNids,
    missingPrevs: isOutlier ? [] : missingPrevs,
    ...(event.stateKey !== undefined && { authEvents: event.authEvents }),
    ...(failed && { failure: failed }),
    ...(awaits.length > 0 && { awaits }),
    ...(batch.followers.has(event.eventId) && { fillsEdges: true }),
    ...(isUnsupported && !failed && { aboveHole: true }),
    // Of what came before this server knew the room nothing is missing.
    ...(isUnsupported && batch.room.head.extremities.length > 0 && { seeks: prevs.missing }),
  };
};

const placeOf = ({ as }: Judgement, isPlaced: boolean, stored: StoredPlace | undefined) => ({
  ...(stored && { isStored: true }),
  ...(isPlaced && as === 'history' && !stored?.isPlaced && { isHistory: true }),
  ...(isPlaced && stored?.isPlaced && stored.position !== undefined && { keepsPosition: stored.position }),
});

const relationRow = (event: RoomEvent) => {
  const relation = relationOf(event.content);
  return relation && { relation };
};

const threadOf = (batch: Batch, event: RoomEvent): number | null => {
  const relation = relationOf(event.content);
  const target = relation && batch.known.get(relation.target as EventId);
  if (!target || target.room !== batch.room.nid) return null;
  return relation.relType === 'm.thread' ? target.nid : target.thread;
};

const notify = async (
  batch: Batch,
  event: RoomEvent,
  nids: ReceivedNids,
  { auth }: Judgement,
  stateRoot: NodeHash,
): Promise<Pick<EventRow, 'notifies' | 'highlights' | 'notifiedTotal' | 'notifications'>> => {
  const { engine, room } = batch;
  const outcome = await engine.notifications.judge(event, {
    room: room.nid,
    version: room.version,
    powerLevels: auth?.powerLevels,
    create: auth?.create,
    sender: nids.sender,
    stateRoot,
  });
  const notifiedTotal = batch.head.notifiedTotal + (outcome.notifies ? 1 : 0);
  batch.head = { ...batch.head, notifiedTotal };
  return {
    notifies: outcome.notifies,
    highlights: outcome.highlights,
    notifiedTotal,
    ...(outcome.exceptions.length > 0 && { notifications: outcome.exceptions }),
  };
};

const knownOf = (
  { room }: Batch,
  event: RoomEvent,
  nids: ReceivedNids,
  { verdict, after }: Judgement,
  place: { readonly thread: number | null; readonly isPlaced: boolean },
): KnownEvent => ({
  nid: nids.event,
  eventId: event.eventId,
  room: room.nid,
  verdict,
  root: after,
  depth: event.depth,
  stateKey: nids.stateKey,
  ...place,
});
