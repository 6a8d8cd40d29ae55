// When and from where devices were last seen: at most a minute out of date, written in batches.

import type { Caller } from '../http/inbound/endpoint.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { LruCache } from '../lib/lru-cache.ts';
import type { Database } from '../storage/database.ts';
import { type DeviceSighting, noteDevicesSeen } from '../storage/stores/devices.ts';
import { shortAgent } from './short-agent.ts';

const INTERVAL_MS = 60_000;
const FLUSH_DELAY_MS = 5000;
const DEVICES_MAX = 100_000;

export const createLastSeen = ({ db, clock, log }: { db: Database; clock: Clock; log: Log }) => {
  /** When each device was noted; its sighting may still be waiting. */
  const noted = new LruCache<number, number>(DEVICES_MAX);
  let waiting: DeviceSighting[] = [];

  const flushLastSeen = async (): Promise<void> => {
    const sightings = waiting;
    waiting = [];
    if (sightings.length > 0) await db.write(noteDevicesSeen, sightings);
  };

  return {
    /** Called with every request: nearly always only a look into a map. */
    noteSeen(caller: Caller, address: string, agent: string | undefined): void {
      if (caller.appservice !== undefined) return;
      const now = clock.monotonic();
      const last = noted.peek(caller.device);
      if (last !== undefined && now - last < INTERVAL_MS) return;
      noted.set(caller.device, now);
      waiting.push({ device: caller.device, ts: clock.now(), address, agent: shortAgent(agent) });
      if (waiting.length > 1) return;
      clock.after(FLUSH_DELAY_MS, () => {
        flushLastSeen().catch((err: unknown) => log.warn({ err }, 'Devices could not be noted as seen.'));
      });
    },

    /** At shutdown: what still waits is written now. */
    flushLastSeen,
  };
};
