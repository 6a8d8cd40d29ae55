// The state before a join, fetched from another server, verified and stored: what is not here of it in one answer if it is much,
// one by one otherwise. Server-Server API, "Retrieving events": state_ids, state and event.

import { createTurns } from '../../lib/turns.ts';
import { PeerError } from '../../peers/peer-error.ts';
import type { Json } from '../../protocol/events/json.ts';
import type { EventId, ServerName } from '../../protocol/ids/branded.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';
import type { IncomingEvent, Receive } from '../../rooms/receive/incoming.ts';
import type { PartialJoin } from '../../storage/stores/partial-joins.ts';
import { absentEvents, MISSING_SHARE_MAX } from '../fetch/absent-events.ts';
import type { Fetch } from '../fetch/fetch.ts';
import type { Verify } from '../verify/verify-pdus.ts';
import { type TakingDeps, takeState } from './take-state.ts';

export interface FetchStateDeps {
  readonly receive: Pick<Receive, 'stored' | 'storeState' | 'acceptOutliers'>;
  readonly fetch: Pick<Fetch, 'stateIds' | 'stateTexts' | 'event'>;
  readonly verify: Pick<Verify, 'verifyPdus' | 'verifyParsed'>;
  readonly peers: TakingDeps['peers'];
}

/** The ids of the state's events, all of them stored. Throws PeerError when the server does not give it. */
export type FetchState = (
  join: PartialJoin,
  server: ServerName,
  signal: AbortSignal,
  onProgress: (stateEvents: number, missingEvents: number) => Promise<void>,
) => Promise<readonly EventId[]>;

/** Servers may need long to gather the state of a large room. */
const STATE_TIMEOUT_MS = 180_000;
const EVENT_TIMEOUT_MS = 15_000;
/** Up to so many are asked for one by one. */
const SINGLE_EVENTS_MAX = 100;
const EVENTS_AT_ONCE = 8;

export const createFetchState = ({ receive, fetch, verify, peers }: FetchStateDeps): FetchState => {
  const read = async (join: PartialJoin, server: ServerName, wires: readonly Json[]): Promise<IncomingEvent[]> => {
    const version = roomVersion(join.version)!;
    const verified = await verify.verifyPdus(wires, version, server, { limitReferences: false });
    const events = verified.flatMap((each): IncomingEvent[] => (each.ok ? [each.event] : []));
    return events.filter(({ event }) => event.roomId === join.roomId && event.stateKey !== undefined);
  };

  const whole = async (join: PartialJoin, server: ServerName, signal: AbortSignal, ids: readonly EventId[]) => {
    const options = { timeoutMs: STATE_TIMEOUT_MS, signal };
    const texts = fetch.stateTexts(server, join.roomId, join.joinEventId, options);
    return takeState({ receive, verify, peers }, { ...join, server }, texts, ids);
  };

  const single = async (join: PartialJoin, server: ServerName, signal: AbortSignal, ids: readonly EventId[]) => {
    const inTurn = createTurns({ runningMax: EVENTS_AT_ONCE });
    const pull = async (id: EventId): Promise<Json[]> => {
      try {
        return [await fetch.event(server, id, { timeoutMs: EVENT_TIMEOUT_MS, signal })];
      } catch (error) {
        if (error instanceof PeerError && !error.isDown) return [];
        throw error;
      }
    };
    const wires = await Promise.all(ids.map((id) => inTurn(() => pull(id))));
    await receive.acceptOutliers(join.roomId, await read(join, server, wires.flat()));
  };

  return async (join, server, signal, onProgress) => {
    const options = { timeoutMs: STATE_TIMEOUT_MS, signal };
    const ids = await fetch.stateIds(server, join.roomId, join.joinEventId, options);
    if (ids.state.length === 0) throw new PeerError(server, 'application', 'the state that it tells is empty');
    const all = [...new Set([...ids.authChain, ...ids.state])];
    let absent = await absentEvents(receive, all);
    await onProgress(all.length, absent.length);
    if (absent.length > SINGLE_EVENTS_MAX) {
      absent = await whole(join, server, signal, absent);
      await onProgress(all.length, absent.length);
    }
    if (absent.length > 0 && absent.length <= SINGLE_EVENTS_MAX) {
      await single(join, server, signal, absent);
      absent = await absentEvents(receive, absent);
      await onProgress(all.length, absent.length);
    }
    const missing = new Set(absent);
    const state = ids.state.filter((id) => !missing.has(id));
    if (ids.state.length - state.length > ids.state.length * MISSING_SHARE_MAX) {
      throw new PeerError(
        server,
        'application',
        `of the state that it tells ${absent.length} events are not to be had`,
      );
    }
    return state;
  };
};
