// The state before an event with its auth chain, as other servers are told it: "The fully resolved state for the room, prior
// to considering any state changes induced by the requested event."

import { LruCache } from '../../lib/lru-cache.ts';
import { createTurns } from '../../lib/turns.ts';
import { forbidden, limitExceeded, notFound } from '../../protocol/errors/matrix-error.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import { bytesToHash, type RoomState } from '../../rooms/state/room-state.ts';
import type { NodeHash } from '../../rooms/state-tree/state-node.ts';
import type { Database } from '../../storage/database.ts';
import { eventById, type StoredEvent } from '../../storage/stores/events.ts';
import type { AskedRoom } from './asked-room.ts';
import type { AuthChains } from './auth-chains.ts';

/** nids of events. */
export interface StateBefore {
  readonly event: StoredEvent;
  readonly state: readonly number[];
  readonly authChain: readonly number[];
}

/** States are asked for by many servers at the same events: some stay in memory, the largest about 1 MB each. */
const REMEMBERED_MAX = 32;
/** Put together at the same time; the largest take a second. */
const RUNNING_MAX = 2;
const WAITING_MAX = 200;
const REJECTED = 2;

export const createStatesBefore = (deps: { db: Database; state: RoomState; authChains: AuthChains }) => {
  const { db, state, authChains } = deps;
  const remembered = new LruCache<string, Omit<StateBefore, 'event'>>(REMEMBERED_MAX);
  const inTurn = createTurns({
    runningMax: RUNNING_MAX,
    waitingMax: WAITING_MAX,
    full: () => limitExceeded('Too many servers are asking for states of rooms.', 5000),
  });

  const gather = async (room: AskedRoom, event: StoredEvent, root: NodeHash): Promise<Omit<StateBefore, 'event'>> => {
    // An event that is judged again may get another state.
    const key = `${event.nid} ${root}`;
    const known = remembered.get(key);
    if (known) return known;
    const entries = await state.entries(root);
    const { stateKeyNid } = event;
    // The tree is that of the state after the event.
    if (stateKeyNid !== null && entries.get(stateKeyNid) === event.nid) {
      if (event.replaces === null) entries.delete(stateKeyNid);
      else entries.set(stateKeyNid, event.replaces);
    }
    const events = [...entries.values()];
    const gathered = { state: events, authChain: [...(await authChains.of(room, events))] };
    remembered.set(key, gathered);
    return gathered;
  };

  return {
    /** Throws M_NOT_FOUND, M_FORBIDDEN where this server does not know the whole state itself, M_LIMIT_EXCEEDED. */
    async at(room: AskedRoom, eventId: EventId): Promise<StateBefore> {
      if (room.isPartial) throw forbidden('This server does not know the whole state of this room yet.');
      const event = await db.read((tx) => eventById(tx, eventId));
      if (!event || event.room !== room.nid || event.verdict === REJECTED || !event.stateRoot) {
        throw notFound('The event is not here, or the state at it is not known.');
      }
      const root = bytesToHash(event.stateRoot);
      return { event, ...(await inTurn(() => gather(room, event, root))) };
    },
  };
};
