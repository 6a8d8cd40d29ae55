// Sending: take the room's lock, draft on what the room will be, enqueue the write, let the next drafter in, wait for the disk.

import { notFound } from '../../protocol/errors/matrix-error.ts';
import type { RoomId, UserId } from '../../protocol/ids/branded.ts';
import { isPolicyEvent } from '../../protocol/policy-servers/policy-server.ts';
import { eventsByNid } from '../../storage/stores/events.ts';
import { type Persisted, SEQUENCE_MOVED } from '../../storage/stores/persist.ts';
import { enqueue } from '../persist/enqueue.ts';
import { carryPolicy, namesNoPolicyServer, policyServerOf } from '../policy/room-policy.ts';
import type { ReceivedNids } from '../receive/place-event.ts';
import type { Engine } from '../rooms.ts';
import { roomView } from '../state/room-view.ts';
import type { WarmRoom } from '../warm-rooms.ts';
import type { Composition, Draft, SentEvent } from './draft.ts';
import { prepareInRoom } from './prepare-upon-many.ts';
import { sameInState } from './same-in-state.ts';
import { type Drafted, type Outcome, signAndEnqueue, type Unsigned } from './sign-and-enqueue.ts';

/** A draft loses its race only when another write of the room failed, so few attempts are enough. */
const ATTEMPTS_MAX = 8;

export const sendEvents = (engine: Engine, roomId: RoomId, drafts: readonly Draft[]): Promise<SentEvent[]> =>
  sendComposition(engine, roomId, { possible: drafts, compose: async () => drafts });

export const sendComposition = async (
  engine: Engine,
  roomId: RoomId,
  composition: Composition,
): Promise<SentEvent[]> => {
  const nids = await internDrafts(engine, composition.possible);
  for (let attempt = 1; ; attempt++) {
    // New ones for each attempt: nothing that was drafted upon a failed one may take it for the event that was written.
    const first = await engine.nids.take(composition.possible.length);
    const drafted = await engine.lock.run(roomId, () => draftAndEnqueue(engine, roomId, composition, nids, first));
    try {
      const { outcomes, written } = 'server' in drafted ? await signAndEnqueue(engine, drafted) : drafted;
      return await sentEvents(engine, outcomes, await written);
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || !(error instanceof Error) || error.message !== SEQUENCE_MOVED) throw error;
    }
  }
};

const draftAndEnqueue = async (
  engine: Engine,
  roomId: RoomId,
  composition: Composition,
  possibleNids: readonly DraftNids[],
  first: number,
): Promise<Drafted | Unsigned> => {
  const room = await engine.warm.get(roomId);
  if (!room) throw notFound(`This server does not know the room ${roomId}.`);
  const drafts = await composition.compose(roomView(engine.state, room, room.head.stateRoot));
  if (drafts.length > possibleNids.length) throw new RangeError('more drafts than were possible');
  const nids = drafts === composition.possible ? possibleNids : await internDrafts(engine, drafts);
  const server = namesNoPolicyServer(room) ? undefined : await policyServerOf(engine, room);
  const outcomes = await prepareAll(engine, room, drafts, nids, first);
  const events = outcomes.filter((outcome) => typeof outcome !== 'number');
  if (events.length === 0) return { outcomes, written: latestWriteOf(room) };
  const { policyServers } = engine;
  if (server && policyServers && !events.every(({ event }) => isPolicyEvent(event))) {
    // Nobody may find their state meanwhile: it may never be written.
    for (const { held } of events) held.discard();
    const { head, latestWrite: upon } = room;
    const { directory } = composition;
    return { policyServers, server, room, head, upon, outcomes, nids: ownNids(outcomes, nids), directory };
  }
  const { head } = room;
  const written = enqueue(engine, room, events, composition.directory);
  carryPolicy(room, head, events);
  return { outcomes, written };
};

/** Of those that are events. */
const ownNids = (outcomes: readonly Outcome[], nids: readonly DraftNids[]): ReceivedNids[] =>
  outcomes.flatMap((outcome, at) => (typeof outcome === 'number' ? [] : { ...nids[at]!, event: outcome.row.nid }));

/** What is not sent because it is there already may still be on its way to the disk, or fail to get there. */
const latestWriteOf = (room: WarmRoom): Promise<undefined> =>
  room.latestWrite.then(
    () => undefined,
    () => {
      throw new Error(SEQUENCE_MOVED);
    },
  );

export interface DraftNids {
  readonly type: number;
  readonly sender: number;
  readonly stateKey: number | null;
  /** The member that an m.room.member event is about. */
  readonly target: number | null;
}

/** Gives every name in the drafts its nid before the lock is taken, as new names are a write of their own. */
export const internDrafts = async (
  engine: Engine,
  drafts: readonly Pick<Draft, 'type' | 'stateKey' | 'sender'>[],
): Promise<DraftNids[]> => {
  if (drafts.length === 0) return [];
  const stateDrafts = drafts.filter((draft) => draft.stateKey !== undefined);
  const memberDrafts = stateDrafts.filter((draft) => draft.type === 'm.room.member');
  const nids = await engine.names.intern({
    users: [...drafts.map((draft) => draft.sender), ...memberDrafts.map((draft) => draft.stateKey as UserId)],
    types: drafts.map((draft) => draft.type),
    stateKeys: stateDrafts.map((draft) => [draft.type, draft.stateKey!] as const),
  });
  let state = 0;
  let member = drafts.length;
  return drafts.map((draft, index) => {
    const isState = draft.stateKey !== undefined;
    return {
      type: nids.types[index]!,
      sender: nids.users[index]!,
      stateKey: isState ? nids.stateKeys[state++]! : null,
      target: isState && draft.type === 'm.room.member' ? nids.users[member++]! : null,
    };
  });
};

/** Each event is drafted on the room as the one before it leaves it. */
const prepareAll = async (
  engine: Engine,
  room: WarmRoom,
  drafts: readonly Draft[],
  nids: readonly DraftNids[],
  first: number,
): Promise<Outcome[]> => {
  const outcomes: Outcome[] = [];
  let { head } = room;
  try {
    for (const [index, draft] of drafts.entries()) {
      const there = await sameInState(engine, room, head, draft, nids[index]!);
      const outcome =
        there ?? (await prepareInRoom(engine, room, head, draft, { ...nids[index]!, event: first + index }));
      outcomes.push(outcome);
      if (typeof outcome !== 'number') head = outcome.head;
    }
  } catch (error) {
    for (const outcome of outcomes) if (typeof outcome !== 'number') outcome.held.discard();
    throw error;
  }
  return outcomes;
};

const sentEvents = async (
  engine: Engine,
  outcomes: readonly Outcome[],
  persisted: Persisted | undefined,
): Promise<SentEvent[]> => {
  const there = outcomes.filter((outcome) => typeof outcome === 'number');
  const stored = there.length > 0 ? await engine.db.read((tx) => eventsByNid(tx, there)) : [];
  const positions = persisted?.positions ?? [];
  let written = 0;
  return outcomes.map((outcome) => {
    if (typeof outcome !== 'number') return { eventId: outcome.event.eventId, position: positions[written++]! };
    const event = stored.find(({ nid }) => nid === outcome)!;
    return { eventId: event.eventId, position: event.position! };
  });
};
