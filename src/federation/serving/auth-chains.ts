// Auth chains of stored events, walked a level at a time. Server-Server API, "Auth chain".

import { LruCache } from '../../lib/lru-cache.ts';
import { slicesOf } from '../../lib/slices-of.ts';
import { tooLarge } from '../../protocol/errors/matrix-error.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import type { RoomRef } from '../../rooms/room-ref.ts';
import type { Database, ReadTx } from '../../storage/database.ts';
import { eventNidsOf, restsOf } from '../../storage/stores/server-questions.ts';
import { authEventsOf } from './references.ts';

/** Events whose auth events are remembered, about 150 bytes each. */
const REMEMBERED_MAX = 100_000;
/** Events read at once: no read transaction is long. */
const CHUNK = 1000;
/** Longer chains are refused; the largest rooms that exist have some tens of thousands. */
const CHAIN_MAX = 300_000;

export const createAuthChains = ({ db }: { db: Database }) => {
  const remembered = new LruCache<number, readonly number[]>(REMEMBERED_MAX);

  const readAuthEvents = async (
    tx: ReadTx,
    room: number,
    nids: readonly number[],
    known: Map<EventId, number>,
  ): Promise<number[]> => {
    const ids = (await restsOf(tx, nids)).map(({ nid, rest }) => ({ nid, authEvents: authEventsOf(rest) }));
    const unknown = new Set(ids.flatMap(({ authEvents }) => authEvents).filter((id) => !known.has(id)));
    for (const [id, nid] of await eventNidsOf(tx, room, [...unknown])) known.set(id, nid);
    return ids.flatMap(({ nid, authEvents }) => {
      const found = authEvents.map((id) => known.get(id)).filter((each) => each !== undefined);
      // What is missing may arrive.
      if (found.length === authEvents.length) remembered.set(nid, found);
      return found;
    });
  };

  /** The auth events of some events, with repetitions. */
  const authEvents = async (room: number, nids: readonly number[], known: Map<EventId, number>): Promise<number[]> => {
    const found: number[] = [];
    const absent: number[] = [];
    for (const nid of nids) {
      const ids = remembered.get(nid);
      if (ids) for (const id of ids) found.push(id);
      else absent.push(nid);
    }
    for (const chunk of slicesOf(absent, CHUNK)) {
      for (const nid of await db.read((tx) => readAuthEvents(tx, room, chunk, known))) found.push(nid);
    }
    return found;
  };

  return {
    /** nids of the events that stand in the auth chain of any of the given ones. Throws M_TOO_LARGE. */
    async of({ nid: room, roomId, version }: RoomRef, events: Iterable<number>): Promise<ReadonlySet<number>> {
      const chain = new Set<number>();
      const known = new Map<EventId, number>();
      let level = [...events];
      if (version.roomIdIsCreateHash && level.length > 0) {
        // Since v12: the room id names the create event, and no event's auth_events do.
        const createId = `$${roomId.slice(1)}` as EventId;
        const create = (await db.read((tx) => eventNidsOf(tx, room, [createId]))).get(createId);
        if (create !== undefined && (level.length > 1 || level[0] !== create)) chain.add(create);
      }
      while (level.length > 0) {
        const next = new Set<number>();
        for (const nid of await authEvents(room, level, known)) {
          if (chain.has(nid)) continue;
          chain.add(nid);
          next.add(nid);
        }
        if (chain.size > CHAIN_MAX) throw tooLarge('The auth chain is too long.');
        level = [...next];
      }
      return chain;
    },
  };
};

export type AuthChains = ReturnType<typeof createAuthChains>;
