// Reads rooms as clients do, from the public API: the end of a timeline, and what an observer's /sync brings.

import type { AnyJson, TestClient } from '../../harness/client.ts';
import { requestTimeout } from './person.ts';

export interface DrillEvent {
  readonly eventId: string;
  /** What the drill wrote into it. */
  readonly mark: string;
}

const PAGE_EVENTS = 500;

/** The drill's own events among those of a room, in the same order. */
const drillEvents = (events: readonly AnyJson[]): DrillEvent[] =>
  events
    .filter(({ type }) => type === 'm.room.message' || type === 'drill.state')
    .map(({ event_id: eventId, content }) => ({ eventId, mark: String(content.body) }));

/** Events from the newest back to `until` (not included), oldest first; the whole timeline when `until` is undefined. */
export const readTimeline = async (
  client: TestClient,
  roomId: string,
  until: string | undefined,
  range: { readonly from?: string; readonly to?: string } = {},
): Promise<DrillEvent[]> => {
  const newestFirst: AnyJson[] = [];
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages`;
  let from = range.from;
  for (;;) {
    const query = { dir: 'b', limit: PAGE_EVENTS, ...(from && { from }), ...(range.to && { to: range.to }) };
    const { chunk, end } = await client.ok(client.get(path, { query, signal: requestTimeout() }));
    const stop = chunk.findIndex(({ event_id: eventId }: AnyJson) => eventId === until);
    newestFirst.push(...(stop === -1 ? chunk : chunk.slice(0, stop)));
    if (stop !== -1 || end === undefined || chunk.length === 0) break;
    from = end;
  }
  return drillEvents(newestFirst.reverse());
};

export interface Observer {
  /** One /sync; false: there was no answer of 200. */
  step(timeoutMs: number): Promise<boolean>;
  /** Drill events by room since this was asked the last time, in the order they came. */
  take(): Map<string, DrillEvent[]>;
  /** Events of the last step; 0: it brought none. */
  readonly lastCount: number;
}

const filter = JSON.stringify({ room: { timeline: { limit: PAGE_EVENTS } }, presence: { types: [] } });

/** A member of all rooms that does nothing but read along, from where it was, through all crashes. */
export const createObserver = async (client: TestClient): Promise<Observer> => {
  let seen = new Map<string, DrillEvent[]>();
  let lastCount = 0;
  const first = await client.sync({ filter });
  let since: string = first.next_batch;

  const catchUp = async (roomId: string, { limited, prev_batch: from, events }: AnyJson): Promise<DrillEvent[]> => {
    const gap = limited ? await readTimeline(client, roomId, undefined, { from, to: since }) : [];
    return [...gap, ...drillEvents(events)];
  };
  return {
    get lastCount() {
      return lastCount;
    },
    async step(timeoutMs) {
      const query = { filter, since, timeout: timeoutMs };
      const { status, body } = await client.get('/_matrix/client/v3/sync', { query, signal: requestTimeout() });
      if (status !== 200) return false;
      lastCount = 0;
      const found: [string, DrillEvent[]][] = [];
      for (const [roomId, room] of Object.entries<AnyJson>(body.rooms?.join ?? {})) {
        found.push([roomId, await catchUp(roomId, room.timeline)]);
      }
      for (const [roomId, events] of found) {
        lastCount += events.length;
        seen.set(roomId, [...(seen.get(roomId) ?? []), ...events]);
      }
      since = body.next_batch;
      return true;
    },
    take() {
      const taken = seen;
      seen = new Map();
      return taken;
    },
  };
};
