// Sending: take the room's lock, draft on what the room will be, enqueue the write, let the next drafter in, wait for the disk.

import { notFound } from '../../protocol/errors/matrix-error.ts';
import type { RoomId, UserId } from '../../protocol/ids/branded.ts';
import type { Persisted } from '../../storage/stores/persist.ts';
import { SEQUENCE_MOVED } from '../../storage/stores/persist.ts';
import { enqueue } from '../persist/enqueue.ts';
import type { Engine } from '../rooms.ts';
import type { WarmRoom } from '../warm-rooms.ts';
import type { Draft, SentEvent } from './draft.ts';
import { type Prepared, prepareEvent } from './prepare-event.ts';

/** A draft loses its race only when another write of the room failed, so few attempts are enough. */
const ATTEMPTS_MAX = 8;

export const sendEvents = async (engine: Engine, roomId: RoomId, drafts: readonly Draft[]): Promise<SentEvent[]> => {
  const nids = await internDrafts(engine, drafts);
  const first = await engine.nids.take(drafts.length);
  for (let attempt = 1; ; attempt++) {
    const { prepared, written } = await engine.lock.run(roomId, async () => {
      const room = await engine.warm.get(roomId);
      if (!room) throw notFound(`This server does not know the room ${roomId}.`);
      const events = await prepareAll(engine, room, drafts, nids, first);
      return { prepared: events, written: enqueue(engine, room, events) };
    });
    try {
      return sentEvents(prepared, await written);
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || !(error instanceof Error) || error.message !== SEQUENCE_MOVED) throw error;
    }
  }
};

export interface DraftNids {
  readonly type: number;
  readonly sender: number;
  readonly stateKey: number | null;
  /** The member that an m.room.member event is about. */
  readonly target: number | null;
}

/** Gives every name in the drafts its nid before the lock is taken, as new names are a write of their own. */
export const internDrafts = async (engine: Engine, drafts: readonly Draft[]): Promise<DraftNids[]> => {
  const stateDrafts = drafts.filter((draft) => draft.stateKey !== undefined);
  const memberDrafts = stateDrafts.filter((draft) => draft.type === 'm.room.member');
  const nids = await engine.names.intern({
    users: [...drafts.map((draft) => draft.sender), ...memberDrafts.map((draft) => draft.stateKey as UserId)],
    types: drafts.map((draft) => draft.type),
    stateKeys: stateDrafts.map((draft) => [draft.type, draft.stateKey!] as const),
  });
  return drafts.map((draft, index) => {
    const state = stateDrafts.indexOf(draft);
    const member = memberDrafts.indexOf(draft);
    return {
      type: nids.types[index]!,
      sender: nids.users[index]!,
      stateKey: state < 0 ? null : nids.stateKeys[state]!,
      target: member < 0 ? null : nids.users[drafts.length + member]!,
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
): Promise<Prepared[]> => {
  const prepared: Prepared[] = [];
  let { head } = room;
  try {
    for (const [index, draft] of drafts.entries()) {
      const event = await prepareEvent(engine, room, head, draft, nids[index]!, first + index);
      prepared.push(event);
      head = event.head;
    }
  } catch (error) {
    for (const event of prepared) event.held.discard();
    throw error;
  }
  return prepared;
};

const sentEvents = (prepared: readonly Prepared[], { positions }: Persisted): SentEvent[] =>
  prepared.map(({ event }, index) => ({ eventId: event.eventId, position: positions[index]! }));
