// Rooms that were entered without their members: the rest of their state is fetched in the background until they are whole,
// from one server after the other, again after restarts.

import type { Clock } from '../../lib/clock.ts';
import { withHeapGrowth } from '../../lib/heap-growth.ts';
import type { Log } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import { turned } from '../../lib/turned.ts';
import { createTurns } from '../../lib/turns.ts';
import type { RoomId, ServerName } from '../../protocol/ids/branded.ts';
import type { Database } from '../../storage/database.ts';
import { residencyOf } from '../../storage/stores/out-of-band.ts';
import {
  countPartialJoinAttempt,
  type PartialJoin,
  partialJoinOf,
  partialJoins,
} from '../../storage/stores/partial-joins.ts';
import { type CompletingDeps, createCompleteFrom } from './complete-from.ts';

export interface PartialJoinsDeps extends CompletingDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly isLeftAlone: (server: ServerName) => boolean;
  readonly serverName: ServerName;
}

/** Each may hold the state of a large room in memory. */
const ROOMS_AT_ONCE = 2;
/** Of 30,000 members it saves 15 MiB against 100, for 3 % more CPU. */
const HEAP_GROWTH_PERCENT = 30;
const SERVERS_MAX = 5;
/** Before another attempt, milliseconds; the last one again and again. */
const RETRIES_MS = [1000, 5000, 30_000, 120_000, 600_000] as const;

export interface PartialJoins extends AsyncDisposable {
  /** The room was entered just now. */
  take(roomId: RoomId): void;
  /** Goes on with those that were not whole when the server stopped. */
  start(): Promise<void>;
}

/** What is still missing in rooms that are worked on. */
type Running = Map<RoomId, { missing: number; readonly done: Promise<void> }>;

export const createPartialJoins = (deps: PartialJoinsDeps): PartialJoins => {
  const { db, log } = deps;
  const end = new AbortController();
  const running: Running = new Map();
  registerMetrics(deps.metrics, running);
  const complete = createComplete(deps, end.signal, (roomId, missing) => {
    const entry = running.get(roomId);
    if (entry) entry.missing = missing;
  });

  const take = (roomId: RoomId): void => {
    if (running.has(roomId) || end.signal.aborted) return;
    const work = async (): Promise<void> => {
      try {
        await complete(roomId);
      } catch (err) {
        if (!end.signal.aborted) log.error({ err, roomId }, 'A room that was entered in part is left as it is.');
      } finally {
        running.delete(roomId);
      }
    };
    // The entry is there before the work begins.
    const done = Promise.resolve().then(work);
    running.set(roomId, { missing: 0, done });
  };

  return {
    take,
    async start() {
      for (const { roomId } of await db.read(partialJoins)) take(roomId);
    },
    async [Symbol.asyncDispose]() {
      end.abort();
      await Promise.all([...running.values()].map(({ done }) => done));
    },
  };
};

const registerMetrics = (metrics: Metrics, running: Running): void => {
  metrics.collected('gauge', 'federation_partial_rooms', 'Rooms whose state is not whole yet.', () => [
    { labels: {}, value: running.size },
  ]);
  metrics.collected(
    'gauge',
    'federation_partial_rooms_missing_events',
    'State events that are still to be fetched of rooms whose state is not whole yet, as far as is known.',
    () => [{ labels: {}, value: [...running.values()].reduce((sum, { missing }) => sum + missing, 0) }],
  );
};

/** Who let this server in first, others at each attempt, those that do not answer last. */
const serversOf = (deps: PartialJoinsDeps, { via, servers, attempts }: PartialJoin): ServerName[] => {
  const others = [...new Set(servers)].filter((server) => server !== via && server !== deps.serverName);
  const inTurn = turned(others, attempts * (SERVERS_MAX - 1));
  const { ready = [], leftAlone = [] } = Object.groupBy([via, ...inTurn], (server) =>
    deps.isLeftAlone(server) ? 'leftAlone' : 'ready',
  );
  return [...ready, ...leftAlone].slice(0, SERVERS_MAX);
};

const createComplete = (
  deps: PartialJoinsDeps,
  signal: AbortSignal,
  onMissing: (roomId: RoomId, missing: number) => void,
) => {
  const { db, clock, log } = deps;
  const inTurn = createTurns({ runningMax: ROOMS_AT_ONCE });
  const completeFrom = createCompleteFrom(deps, signal, onMissing);

  /** undefined: there is nothing more to do. */
  const current = async (roomId: RoomId): Promise<PartialJoin | undefined> =>
    db.read(async (tx) => ((await residencyOf(tx, roomId))?.hasLocal ? partialJoinOf(tx, roomId) : undefined));

  const attempt = async (join: PartialJoin): Promise<boolean> => {
    for (const server of serversOf(deps, join)) {
      if (signal.aborted) return false;
      if (await completeFrom(join, server)) return true;
    }
    await db.write(countPartialJoinAttempt, join.room);
    return false;
  };

  return async (roomId: RoomId): Promise<void> => {
    for (let attempts = 0; !signal.aborted; attempts++) {
      const join = await current(roomId);
      if (!join) return;
      if (await inTurn(() => withHeapGrowth(HEAP_GROWTH_PERCENT, () => attempt(join)))) {
        log.info({ roomId, tookMs: clock.now() - join.startedTs }, 'The state of a room is whole.');
        return;
      }
      await clock.sleep(RETRIES_MS[Math.min(attempts, RETRIES_MS.length - 1)]!, signal).catch(() => undefined);
    }
  };
};
