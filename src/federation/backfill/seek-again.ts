// Events that others here follow and that nobody gave when they were missing are asked for again later, of other servers each
// time: who withheld them, or did not have them yet, may not be the last to be heard. What comes is put below what follows it,
// and that is judged again by itself.

import type { Clock } from '../../lib/clock.ts';
import type { Metrics } from '../../lib/metrics.ts';
import { turned } from '../../lib/turned.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/ids/branded.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';
import type { Database } from '../../storage/database.ts';
import {
  dueSoughtEvents,
  dueSoughtRooms,
  FIRST_SEARCH_MS,
  type SoughtEvent,
  type SoughtRoom,
  settleSearch,
} from '../../storage/stores/sought-events.ts';
import { openGap } from '../inbound/gaps/gap.ts';
import { createGapTools, type GapToolsDeps } from '../inbound/gaps/gap-tools.ts';
import { createTakeHistory } from './take-history.ts';

export interface SeekAgainDeps extends GapToolsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly serversIn: (roomId: RoomId) => Promise<ReadonlySet<ServerName>>;
  readonly isLeftAlone: (server: ServerName) => boolean;
  readonly serverName: ServerName;
}

/** Nothing is due sooner after it came to be sought. */
const LOOK_EVERY_MS = FIRST_SEARCH_MS;
/** After an attempt until the next, milliseconds; what did not come by the last one is given up. */
const AGAIN_MS = [3_600_000, 6 * 3_600_000, 24 * 3_600_000];
/** Of one room at a look; more of them come at the next. */
const EVENTS_MAX = 20;
const SERVERS_MAX = 4;
/** For the events of one room. */
const TIMEOUT_MS = 60_000;

export interface SeekAgain extends AsyncDisposable {
  start(): Promise<void>;
}

export const createSeekAgain = (deps: SeekAgainDeps): SeekAgain => {
  const { db, clock, log } = deps;
  const end = new AbortController();
  const seekIn = createSeekIn(deps, end.signal);
  const outcomes = { found: 0, 'given up': 0 };
  deps.metrics.collected(
    'counter',
    'federation_sought_events_total',
    'Missing events that were asked for again later, by what became of them.',
    () => Object.entries(outcomes).map(([outcome, value]) => ({ labels: { outcome }, value })),
  );

  const lookIn = async (room: SoughtRoom): Promise<void> => {
    const events = await db.read((tx) => dueSoughtEvents(tx, room.nid, { now: clock.now(), limit: EVENTS_MAX }));
    const absent = room.isResident ? await seekIn(room, events) : events.filter(({ isHere }) => !isHere);
    if (end.signal.aborted) return;
    const again = absent.filter(({ attempts }) => room.isResident && attempts < AGAIN_MS.length);
    const ended = events.filter((event) => !again.includes(event));
    outcomes.found += events.length - absent.length;
    outcomes['given up'] += absent.length - again.length;
    await db.write(settleSearch, {
      ended: ended.map(({ eventId }) => eventId),
      again: again.map(({ eventId, attempts }) => ({ eventId, dueTs: clock.now() + AGAIN_MS[attempts]! })),
    });
  };

  /** Never rejects. */
  const attempt = (what: object, work: () => Promise<void>): Promise<void> =>
    work().catch((err: unknown) => {
      if (!end.signal.aborted) log.error({ err, ...what }, 'Missing events could not be asked for again.');
    });

  const look = async (): Promise<void> => {
    for (const room of await db.read((tx) => dueSoughtRooms(tx, clock.now()))) {
      if (end.signal.aborted) return;
      await attempt({ roomId: room.roomId }, () => lookIn(room));
    }
  };

  const run = async (): Promise<void> => {
    while (!end.signal.aborted) {
      await attempt({}, look);
      await clock.sleep(LOOK_EVERY_MS, end.signal).catch(() => undefined);
    }
  };

  let running: Promise<void> = Promise.resolve();
  return {
    async start() {
      running = run();
    },
    async [Symbol.asyncDispose]() {
      end.abort();
      await running;
    },
  };
};

const createSeekIn = (deps: SeekAgainDeps, signal: AbortSignal) => {
  const { receive, serversIn, isLeftAlone, serverName, clock, log } = deps;
  const takeHistory = createTakeHistory(createGapTools(deps));

  /** Others at each attempt. */
  const serversFor = async (roomId: RoomId, attempts: number): Promise<ServerName[]> => {
    const others = [...(await serversIn(roomId))].filter((server) => server !== serverName && !isLeftAlone(server));
    return turned(others, attempts * SERVERS_MAX).slice(0, SERVERS_MAX);
  };

  const absentOf = async (events: readonly SoughtEvent[]): Promise<SoughtEvent[]> => {
    const stored = await receive.stored(events.map(({ eventId }) => eventId));
    return events.filter(({ eventId }) => stored.get(eventId)?.hasState !== true);
  };

  const ask = async ({ roomId, version }: SoughtRoom, events: readonly SoughtEvent[]): Promise<SoughtEvent[]> => {
    const timeout = new AbortController();
    const timer = clock.after(TIMEOUT_MS, () => timeout.abort());
    const servers = await serversFor(roomId, events[0]!.attempts);
    const bounds = AbortSignal.any([signal, timeout.signal]);
    const gap = openGap({ roomId, version: roomVersion(version)!, servers, signal: bounds });
    let absent = [...events];
    try {
      for (const server of servers) {
        if (absent.length === 0 || bounds.aborted) break;
        const ids: EventId[] = absent.map(({ eventId }) => eventId);
        if (await takeHistory(gap, server, ids)) absent = await absentOf(absent);
      }
    } finally {
      timer.cancel();
    }
    const counts = { events: events.length, absent: absent.length };
    log.info({ roomId, servers, ...counts }, 'Missing events were asked for once more.');
    return absent;
  };

  /** Those that are not here afterwards. */
  return async (room: SoughtRoom, events: readonly SoughtEvent[]): Promise<SoughtEvent[]> => {
    const absent = events.filter(({ isHere }) => !isHere);
    return absent.length === 0 ? [] : ask(room, absent);
  };
};
