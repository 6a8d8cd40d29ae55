// What a server missed that could not be reached: all of it when it is little, and otherwise the newest event of each room, from
// which the server finds the rest by itself.

import type { ServerName } from '../../protocol/ids/branded.ts';
import type { Database } from '../../storage/database.ts';
import { missedInRoom, missedPositions, newestMissed, outgoingAt } from '../../storage/stores/outgoing-events.ts';
import { roomsOfServer } from '../../storage/stores/room-servers.ts';
import type { OutgoingEvents } from './address-events.ts';
import type { CatchUpPlan } from './destination.ts';
import type { OutgoingEvent } from './outgoing-event.ts';

export interface CatchUpDeps {
  readonly db: Database;
  readonly outgoing: OutgoingEvents;
}

/** A server that missed more than this gets only the newest event of each room. */
const ALL_MAX = 1000;
/** How far back the newest event of a room that concerns the server is looked for. */
const LOOK_BACK = 50;
/** Positions of one plan, in the newest-only form. */
const NEWEST_MAX = 1000;

export const createCatchUp = ({ db, outgoing }: CatchUpDeps) => {
  const ownPositions = async (server: ServerName, positions: readonly number[]): Promise<number[]> => {
    const rows = await db.read((tx) => outgoingAt(tx, positions));
    const addressed = await outgoing.address(rows);
    return addressed.filter(({ targets }) => targets.has(server)).map(({ row }) => row.position);
  };

  /** The newest of a room's events below one that does not concern the server: what made it leave, perhaps. */
  const newestOwnBelow = async (
    server: ServerName,
    { room, position }: { room: number; position: number },
    after: number,
  ): Promise<number | undefined> => {
    const range = { room, after, before: position, limit: LOOK_BACK };
    const candidates = await db.read((tx) => missedInRoom(tx, range));
    return (await ownPositions(server, candidates)).at(-1);
  };

  const newestOnly = async (
    server: ServerName,
    range: { rooms: readonly number[]; after: number; upTo: number },
  ): Promise<CatchUpPlan> => {
    const newest = await db.read((tx) => newestMissed(tx, { ...range, limit: NEWEST_MAX }));
    const found = newest.map(({ position }) => position);
    const own = new Set(await ownPositions(server, found));
    const positions = [...own];
    for (const each of newest.filter(({ position }) => !own.has(position))) {
      const older = await newestOwnBelow(server, each, range.after);
      if (older !== undefined) positions.push(older);
    }
    const upTo = newest.length < NEWEST_MAX ? range.upTo : newest.at(-1)!.position;
    return { positions: positions.sort((a, b) => a - b), upTo };
  };

  return {
    /** What the server misses in (after, upTo]. */
    async plan(server: ServerName, after: number, upTo: number): Promise<CatchUpPlan> {
      const { rooms, positions } = await db.read(async (tx) => {
        const found = await roomsOfServer(tx, server, after);
        const range = { rooms: found, after, upTo, limit: ALL_MAX + 1 };
        return { rooms: found, positions: await missedPositions(tx, range) };
      });
      return positions.length > ALL_MAX ? newestOnly(server, { rooms, after, upTo }) : { positions, upTo };
    },

    /** Takes up to `limit` events off the plan: those that are the server's. */
    async take(server: ServerName, plan: CatchUpPlan, limit: number): Promise<OutgoingEvent[]> {
      const own: number[] = [];
      while (plan.positions.length > 0 && own.length === 0) {
        own.push(...(await ownPositions(server, plan.positions.splice(0, limit))));
      }
      return outgoing.load(own);
    },
  };
};

export type CatchUp = ReturnType<typeof createCatchUp>;
