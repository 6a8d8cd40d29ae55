// What is asked of other servers about events, each answer bounded in bytes, count and time. The events come as they were
// sent: whoever asked verifies them.
// Server-Server API, "Backfilling and retrieving missing events" and "Retrieving events".

import type { PeerQuery } from '../../peers/calls/request-uri.ts';
import { PeerError } from '../../peers/peer-error.ts';
import type { Peers } from '../../peers/peers.ts';
import type { Json, JsonObject } from '../../protocol/events/json.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/ids/branded.ts';
import { isEventId } from '../../protocol/ids/event-id.ts';
import type { TimedEvent, TimeQuestion } from '../../rooms/ports.ts';
import { eventIdsIn, pdusIn } from './read-lists.ts';
import { readStateTexts } from './read-state-texts.ts';

export interface FetchOptions {
  /** From discovery to the last byte. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface MissingEventsQuery {
  readonly earliest: readonly EventId[];
  readonly latest: readonly EventId[];
  readonly limit: number;
  readonly minDepth: number;
}

export interface StateIds {
  readonly state: readonly EventId[];
  readonly authChain: readonly EventId[];
}

export interface StatePdus {
  readonly state: readonly Json[];
  readonly authChain: readonly Json[];
}

/** Everything throws PeerError, also for answers that are not what was asked for. */
export interface Fetch {
  missingEvents(
    server: ServerName,
    roomId: RoomId,
    query: MissingEventsQuery,
    options?: FetchOptions,
  ): Promise<readonly Json[]>;
  event(server: ServerName, eventId: EventId, options?: FetchOptions): Promise<Json>;
  /** The state before the event. */
  stateIds(server: ServerName, roomId: RoomId, eventId: EventId, options?: FetchOptions): Promise<StateIds>;
  state(server: ServerName, roomId: RoomId, eventId: EventId, options?: FetchOptions): Promise<StatePdus>;
  /** The same of a room of any size, as it comes: the JSON texts of state and auth chain in the server's order. */
  stateTexts(
    server: ServerName,
    roomId: RoomId,
    eventId: EventId,
    options?: FetchOptions,
  ): AsyncIterable<readonly string[]>;
  eventAuth(server: ServerName, roomId: RoomId, eventId: EventId, options?: FetchOptions): Promise<readonly Json[]>;
  /** The events and what comes before them, newest first. */
  backfill(
    server: ServerName,
    roomId: RoomId,
    eventIds: readonly EventId[],
    limit: number,
    options?: FetchOptions,
  ): Promise<readonly Json[]>;
  /** The server's event nearest to a moment, milliseconds. */
  eventNearTime(
    server: ServerName,
    roomId: RoomId,
    question: TimeQuestion,
    options?: FetchOptions,
  ): Promise<TimedEvent>;
}

const TIMEOUT_MS = 15_000;
/** Large rooms are slow to gather. */
const STATE_TIMEOUT_MS = 45_000;
/** An event in its canonical form, with room for `unsigned` and for spaces. */
const EVENT_SIZE_BYTES_MAX = 200_000;
const SMALL_SIZE_BYTES_MAX = 10_000;
const EVENTS_SIZE_BYTES_MAX = 8 * 1024 * 1024;
/** About 400,000 ids; the largest rooms known have about 150,000 members. */
const STATE_IDS_SIZE_BYTES_MAX = 24 * 1024 * 1024;
const STATE_IDS_MAX = 400_000;
const STATE_SIZE_BYTES_MAX = 64 * 1024 * 1024;
const STATE_EVENTS_MAX = 50_000;
const AUTH_CHAIN_MAX = 20_000;
/** More than was asked for is a mistake of theirs, and not read. */
const EVENTS_MAX = 500;

const part = encodeURIComponent;

const createGet =
  (peers: Pick<Peers, 'call'>) =>
  async (
    destination: ServerName,
    path: string,
    query: PeerQuery,
    responseSizeBytesMax: number,
    { timeoutMs = TIMEOUT_MS, signal }: FetchOptions,
  ): Promise<JsonObject> => {
    const bounds = { timeoutMs, responseSizeBytesMax, ...(signal && { signal }) };
    return (await peers.call({ destination, method: 'GET', path, query, ...bounds })).json();
  };

export const createFetch = ({ peers }: { readonly peers: Pick<Peers, 'call' | 'stream'> }): Fetch => {
  const get = createGet(peers);
  return {
    async missingEvents(destination, roomId, { earliest, latest, limit, minDepth }, options = {}) {
      const { timeoutMs = TIMEOUT_MS, signal } = options;
      const answer = await peers.call({
        destination,
        method: 'POST',
        path: `/_matrix/federation/v1/get_missing_events/${part(roomId)}`,
        body: { earliest_events: [...earliest], latest_events: [...latest], limit, min_depth: minDepth },
        timeoutMs,
        responseSizeBytesMax: EVENTS_SIZE_BYTES_MAX,
        ...(signal && { signal }),
      });
      // Some who have none leave the list out.
      return pdusIn(destination, { events: [], ...answer.json() }, 'events', Math.min(limit, EVENTS_MAX));
    },

    async event(server, eventId, options = {}) {
      const path = `/_matrix/federation/v1/event/${part(eventId)}`;
      const answer = await get(server, path, {}, EVENT_SIZE_BYTES_MAX, options);
      return pdusIn(server, answer, 'pdus', 1, 1)[0]!;
    },

    async stateIds(server, roomId, eventId, options = {}) {
      const path = `/_matrix/federation/v1/state_ids/${part(roomId)}`;
      const bounds = { timeoutMs: STATE_TIMEOUT_MS, ...options };
      const answer = await get(server, path, { event_id: eventId }, STATE_IDS_SIZE_BYTES_MAX, bounds);
      return {
        state: eventIdsIn(server, answer, 'pdu_ids', STATE_IDS_MAX),
        authChain: eventIdsIn(server, answer, 'auth_chain_ids', STATE_IDS_MAX),
      };
    },

    async state(server, roomId, eventId, options = {}) {
      const path = `/_matrix/federation/v1/state/${part(roomId)}`;
      const bounds = { timeoutMs: STATE_TIMEOUT_MS, ...options };
      const answer = await get(server, path, { event_id: eventId }, STATE_SIZE_BYTES_MAX, bounds);
      return {
        state: pdusIn(server, answer, 'pdus', STATE_EVENTS_MAX),
        authChain: pdusIn(server, answer, 'auth_chain', STATE_EVENTS_MAX),
      };
    },

    stateTexts: (server, roomId, eventId, options = {}) =>
      readStateTexts(peers, server, { roomId, eventId, timeoutMs: STATE_TIMEOUT_MS, ...options }),

    async eventAuth(server, roomId, eventId, options = {}) {
      const path = `/_matrix/federation/v1/event_auth/${part(roomId)}/${part(eventId)}`;
      const answer = await get(server, path, {}, EVENTS_SIZE_BYTES_MAX, options);
      return pdusIn(server, answer, 'auth_chain', AUTH_CHAIN_MAX);
    },

    async backfill(server, roomId, eventIds, limit, options = {}) {
      const path = `/_matrix/federation/v1/backfill/${part(roomId)}`;
      const answer = await get(server, path, { v: eventIds, limit }, EVENTS_SIZE_BYTES_MAX, options);
      return pdusIn(server, answer, 'pdus', Math.min(limit, EVENTS_MAX));
    },

    async eventNearTime(server, roomId, { timestamp, forwards }, options = {}) {
      const path = `/_matrix/federation/v1/timestamp_to_event/${part(roomId)}`;
      const query = { ts: timestamp, dir: forwards ? 'f' : 'b' };
      const answer = await get(server, path, query, SMALL_SIZE_BYTES_MAX, options);
      const { event_id: eventId, origin_server_ts: originServerTs } = answer;
      if (typeof eventId === 'string' && isEventId(eventId) && Number.isSafeInteger(originServerTs)) {
        return { eventId, originServerTs: originServerTs as number };
      }
      throw new PeerError(server, 'application', 'its answer names no event');
    },
  };
};
