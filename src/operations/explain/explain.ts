// Why an event was accepted or not, and in what condition a room is: read from the ledger of verdicts, judging nothing anew.

import type { EventId, RoomId } from '../../protocol/ids/branded.ts';
import { bytesToHash, stateNodeSource } from '../../rooms/state/room-state.ts';
import { countEntries } from '../../rooms/state-tree/read-entries.ts';
import type { Database, ReadTx } from '../../storage/database.ts';
import {
  awaitedBy,
  countFailures,
  countRoom,
  explainedEvent,
  explainedRoom,
  extremitiesNamed,
  fallenBecauseOf,
  holesOf,
  missingPrevsOf,
  type NamedVerdict,
  reasonOf,
  verdictsOf,
} from '../../storage/stores/explanations.ts';
import { partialJoinOf } from '../../storage/stores/partial-joins.ts';
import type { VerdictCode } from '../../storage/stores/persist.ts';
import { searchesFor } from '../../storage/stores/sought-events.ts';
import type { EventExplanation, NamedEvent, RoomExplanation, Verdict } from './explanations.ts';

/** Listed at most, each. */
const FELL_MAX = 100;
const FAILURES_MAX = 100;
const HOLES_MAX = 100;

const verdicts: Readonly<Record<VerdictCode, Verdict>> = { 0: 'accepted', 1: 'soft-failed', 2: 'rejected' };
const residencies = ['no', 'yes', 'partly'] as const;

const nameOf = ({ eventId, type, verdict }: NamedVerdict): NamedEvent => ({
  event_id: eventId,
  type,
  verdict: verdicts[verdict],
});

/** In the order given. */
const namedEvents = async (tx: ReadTx, eventIds: readonly EventId[]): Promise<NamedEvent[]> => {
  const stored = new Map((await verdictsOf(tx, eventIds)).map((each) => [each.eventId, nameOf(each)]));
  return eventIds.map((id) => stored.get(id) ?? { event_id: id, type: null, verdict: 'missing' });
};

const explainEvent = async (tx: ReadTx, eventId: EventId): Promise<EventExplanation | undefined> => {
  const event = await explainedEvent(tx, eventId);
  if (!event) return undefined;
  const reason = event.verdict === 0 ? undefined : await reasonOf(tx, event.nid);
  const awaits = await awaitedBy(tx, event.nid);
  const missingPrevs = await missingPrevsOf(tx, event.nid);
  const searches = await searchesFor(tx, [...awaits, ...missingPrevs]);
  return {
    event_id: event.eventId,
    room_id: event.roomId,
    type: event.type,
    state_key: event.stateKey,
    sender: event.sender,
    origin_server_ts: event.originServerTs,
    depth: event.depth,
    verdict: verdicts[event.verdict],
    position: event.position,
    state_root: event.stateRoot && bytesToHash(event.stateRoot),
    redacted_by: event.redactedBy,
    failed: reason
      ? {
          check: reason.check,
          rule: reason.rule,
          sentence: reason.sentence,
          judged_ts: reason.judgedTs,
          inputs: await namedEvents(tx, reason.inputs),
        }
      : null,
    awaits,
    missing_prev_events: missingPrevs,
    asked_again: searches.map(({ eventId: id, attempts, dueTs }) => ({ event_id: id, attempts, due_ts: dueTs })),
    fell: (await fallenBecauseOf(tx, eventId, FELL_MAX)).map(nameOf),
  };
};

const explainRoom = async (tx: ReadTx, roomId: RoomId): Promise<RoomExplanation | undefined> => {
  const room = await explainedRoom(tx, roomId);
  if (!room) return undefined;
  const root = bytesToHash(room.stateRoot);
  const extremities = await extremitiesNamed(tx, room.extremities);
  const { events, outliers, missingPrevs, waiting } = await countRoom(tx, room.nid);
  const failures = await countFailures(tx, room.nid, FAILURES_MAX);
  const partial = await partialJoinOf(tx, roomId);
  const holes = await holesOf(tx, room.nid, HOLES_MAX);
  return {
    room_id: roomId,
    version: room.version,
    resident: residencies[room.residency] ?? 'no',
    partial_join: partial
      ? {
          via: partial.via,
          started_ts: partial.startedTs,
          attempts: partial.attempts,
          state_events: partial.stateEvents,
          missing_events: partial.missingEvents,
        }
      : null,
    state_root: root,
    state_entries: await countEntries(stateNodeSource(tx), root),
    extremities: extremities
      .sort((a, b) => b.depth - a.depth)
      .map(({ eventId, depth, originServerTs }) => ({ event_id: eventId, depth, origin_server_ts: originServerTs })),
    events,
    outliers,
    failures: failures.map(({ verdict, ...failure }) => ({ verdict: verdicts[verdict], ...failure })),
    waiting,
    missing_prev_events: missingPrevs,
    holes: holes.map(({ eventId, nextPosition }) => ({ event_id: eventId, position: nextPosition })),
  };
};

export const createExplain = ({ db }: { db: Database }) => ({
  /** undefined: no such event is stored here. */
  event: (eventId: EventId): Promise<EventExplanation | undefined> => db.read((tx) => explainEvent(tx, eventId)),
  /** undefined: no such room is here. Throws DamagedStateError. */
  room: (roomId: RoomId): Promise<RoomExplanation | undefined> => db.read((tx) => explainRoom(tx, roomId)),
});

export type Explain = ReturnType<typeof createExplain>;
