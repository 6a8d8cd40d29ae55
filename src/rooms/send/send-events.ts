// Sending: take the room's lock, draft on what the room will be, enqueue the write, let the next drafter in, wait for the disk.

import { notFound } from '../../protocol/errors/matrix-error.ts';
import type { RoomId, UserId } from '../../protocol/ids/branded.ts';
import { eventsByNid } from '../../storage/stores/events.ts';
import { type Persisted, SEQUENCE_MOVED } from '../../storage/stores/persist.ts';
import { enqueue } from '../persist/enqueue.ts';
import type { Engine } from '../rooms.ts';
import { roomView } from '../state/room-view.ts';
import type { WarmRoom } from '../warm-rooms.ts';
import type { Composition, Draft, SentEvent } from './draft.ts';
import type { Prepared } from './prepare-event.ts';
import { prepareInRoom } from './prepare-upon-many.ts';
import { sameInState } from './same-in-state.ts';

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
      return await sentEvents(engine, drafted.outcomes, await drafted.written);
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || !(error instanceof Error) || error.message !== SEQUENCE_MOVED) throw error;
    }
  }
};

/** An event to write, or the nid of the state event that says the same already. */
type Outcome = Prepared | number;

interface Drafted {
  /** In the order of the drafts. */
  readonly outcomes: readonly Outcome[];
  /** Settles once everything that the answer tells of is on disk; undefined: nothing was written for it. */
  readonly written: Promise<Persisted | undefined>;
}

const draftAndEnqueue = async (
  engine: Engine,
  roomId: RoomId,
  composition: Composition,
  possibleNids: readonly DraftNids[],
  first: number,
): Promise<Drafted> => {
  const room = await engine.warm.get(roomId);
  if (!room) throw notFound(`This server does not know the room ${roomId}.`);
  const drafts = await composition.compose(roomView(engine.state, room, room.head.stateRoot));
  if (drafts.length > possibleNids.length) throw new RangeError('more drafts than were possible');
  const nids = drafts === composition.possible ? possibleNids : await internDrafts(engine, drafts);
  const outcomes = await prepareAll(engine, room, drafts, nids, first);
  const events = outcomes.filter((outcome) => typeof outcome !== 'number');
  const written = events.length > 0 ? enqueue(engine, room, events, composition.directory) : latestWriteOf(room);
  return { outcomes, written };
};

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
