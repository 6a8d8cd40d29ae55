// What other servers are told of rooms: events, states, history. Every answer passes one place that says whether they may ask
// (asked-room.ts) and one that says in which form they see an event (event-views.ts).
// Server-Server API, "Backfilling and retrieving missing events", "Retrieving events".

import { notFound } from '../../protocol/errors/matrix-error.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/ids/branded.ts';
import type { Names } from '../../rooms/names.ts';
import type { RoomState } from '../../rooms/state/room-state.ts';
import type { Database } from '../../storage/database.ts';
import { eventById, eventIdsOf, eventsByNid, eventsNearTime, type StoredEvent } from '../../storage/stores/events.ts';
import { askedRoomByNid } from '../../storage/stores/server-questions.ts';
import { type AskedRoom, createAskedRooms } from './asked-room.ts';
import { createAuthChains } from './auth-chains.ts';
import { createEventViews, type Form, pduText } from './event-views.ts';
import { createStatesBefore } from './state-before.ts';
import { type Walk, walkBack } from './walk-back.ts';

export interface ServingDeps {
  readonly db: Database;
  readonly rooms: { readonly state: RoomState; readonly names: Names };
}

/** How many events history is given out by at once. */
export const HISTORY_MAX = 100;

/** Events of a large state in memory at once. */
const CHUNK = 500;
const IDS_CHUNK = 5000;
/** Events near a moment that are looked at before the search is given up. */
const NEAR_MAX = 1000;
const NEAR_CHUNK = 20;
const REJECTED = 2;

export interface MissingEventsQuestion {
  readonly earliest: readonly EventId[];
  readonly latest: readonly EventId[];
  readonly limit: number;
  readonly minDepth: number;
}

/** JSON texts of PDUs, or of event ids, in parts. */
export interface StateTexts {
  readonly state: AsyncIterable<readonly string[]>;
  readonly authChain: AsyncIterable<readonly string[]>;
}

export const createServing = ({ db, rooms }: ServingDeps) => {
  const { state, names } = rooms;
  const asked = createAskedRooms({ db, state });
  const authChains = createAuthChains({ db });
  const views = createEventViews({ state, names });
  const states = createStatesBefore({ db, state, authChains });

  const missing = () => notFound('The event is not here, or not yours to see.');

  const walk = async (room: AskedRoom, question: Omit<Walk, 'room'>): Promise<readonly [StoredEvent, Form][]> =>
    db.read(async (tx) => {
      const events = await walkBack(tx, { ...question, room: room.nid });
      const forms = await views.of(tx, room, events);
      return events.map((event, index) => [event, forms[index]!] as const);
    }) as Promise<readonly [StoredEvent, Form][]>;

  const textsOf = (room: AskedRoom, seen: readonly (readonly [StoredEvent, Form])[]): string[] =>
    seen.flatMap(([event, form]) => (form === 'withheld' ? [] : pduText(event, room, form)));

  /** PDUs in parts, read as they are sent; those of `redacted` in that form. */
  async function* pdus(room: AskedRoom, nids: readonly number[], isWhole: (nid: number) => boolean) {
    for (let at = 0; at < nids.length; at += CHUNK) {
      const events = await db.read((tx) => eventsByNid(tx, nids.slice(at, at + CHUNK)));
      yield events.map((event) => pduText(event, room, isWhole(event.nid) ? 'whole' : 'redacted'));
    }
  }

  async function* eventIds(nids: readonly number[]) {
    for (let at = 0; at < nids.length; at += IDS_CHUNK) {
      const ids = await db.read((tx) => eventIdsOf(tx, nids.slice(at, at + IDS_CHUNK)));
      yield [...ids.values()].map((id) => JSON.stringify(id));
    }
  }

  return {
    /** One event as a PDU, JSON text. Throws M_NOT_FOUND, for events that are not theirs to see as well. */
    async event(server: ServerName, eventId: EventId): Promise<string> {
      const found = await db.read(async (tx) => {
        const event = await eventById(tx, eventId);
        return event && { event, room: await askedRoomByNid(tx, event.room) };
      });
      if (!found?.room || found.event.verdict === REJECTED) throw missing();
      const { event } = found;
      const room = await asked.find(server, found.room.roomId, 'formerMember');
      if (!room) throw missing();
      const [form] = await db.read((tx) => views.of(tx, room, [event]));
      if (form === undefined || form === 'withheld') throw missing();
      return pduText(event, room, form);
    },

    /** Ids of the state before an event, JSON texts. Throws M_FORBIDDEN, M_NOT_FOUND, M_LIMIT_EXCEEDED. */
    async stateIds(server: ServerName, roomId: RoomId, eventId: EventId): Promise<StateTexts> {
      const room = await asked.require(server, roomId, 'member');
      const before = await states.at(room, eventId);
      return { state: eventIds(before.state), authChain: eventIds(before.authChain) };
    },

    /** The state before an event as PDUs. Throws M_FORBIDDEN, M_NOT_FOUND, M_LIMIT_EXCEEDED. */
    async state(server: ServerName, roomId: RoomId, eventId: EventId): Promise<StateTexts> {
      const room = await asked.require(server, roomId, 'member');
      const before = await states.at(room, eventId);
      const [form] = await db.read((tx) => views.of(tx, room, [before.event]));
      // Of a past that is not theirs to see they are told what is still in force, and of the rest what the rules need.
      const inForce = form === 'whole' ? undefined : new Set((await state.entries(room.stateRoot)).values());
      return {
        state: pdus(room, before.state, (nid) => !inForce || inForce.has(nid)),
        // As every server is told that joins.
        authChain: pdus(room, before.authChain, () => true),
      };
    },

    /** The complete auth chain of an event as PDUs, in parts. Throws M_FORBIDDEN, M_NOT_FOUND. */
    async eventAuth(server: ServerName, roomId: RoomId, eventId: EventId): Promise<AsyncIterable<readonly string[]>> {
      const room = await asked.require(server, roomId, 'formerMember');
      const event = await db.read((tx) => eventById(tx, eventId));
      if (!event || event.room !== room.nid || event.verdict === REJECTED) throw missing();
      const [form] = await db.read((tx) => views.of(tx, room, [event]));
      if (form === 'withheld') throw missing();
      return pdus(room, [...(await authChains.of(room, [event.nid]))], () => true);
    },

    /** The given events and what precedes them, newest first, as PDUs. Throws M_FORBIDDEN. */
    async backfill(server: ServerName, roomId: RoomId, starts: readonly EventId[], limit: number): Promise<string[]> {
      const room = await asked.require(server, roomId, 'formerMember');
      const bounded = Math.min(limit, HISTORY_MAX);
      const seen = await walk(room, { starts, withStarts: true, stops: new Set(), minDepth: 0, limit: bounded });
      return textsOf(
        room,
        seen.toSorted(([a], [b]) => b.depth - a.depth),
      );
    },

    /** What lies between the latest and the earliest events, oldest first, as PDUs. Throws M_FORBIDDEN. */
    async missingEvents(server: ServerName, roomId: RoomId, question: MissingEventsQuestion): Promise<string[]> {
      const room = await asked.require(server, roomId, 'formerMember');
      const { latest, earliest, minDepth } = question;
      const seen = await walk(room, {
        starts: latest,
        withStarts: false,
        stops: new Set(earliest),
        minDepth,
        limit: Math.min(question.limit, HISTORY_MAX),
      });
      return textsOf(
        room,
        seen.toSorted(([a], [b]) => a.depth - b.depth),
      );
    },

    /** The event nearest to a moment (milliseconds) that they may see. Throws M_FORBIDDEN, M_NOT_FOUND. */
    async eventNearTime(
      server: ServerName,
      roomId: RoomId,
      question: { readonly timestamp: number; readonly forwards: boolean },
    ): Promise<{ readonly event_id: EventId; readonly origin_server_ts: number }> {
      const room = await asked.require(server, roomId, 'formerMember');
      const nearest = await db.read(async (tx) => {
        for (let offset = 0; offset < NEAR_MAX; offset += NEAR_CHUNK) {
          const events = await eventsNearTime(tx, { room: room.nid, ...question, limit: NEAR_CHUNK, offset });
          const forms = await views.of(tx, room, events);
          const found = events.find((_, index) => forms[index] === 'whole');
          if (found || events.length < NEAR_CHUNK) return found;
        }
        return undefined;
      });
      if (!nearest) throw notFound('There is no event in that direction that you may see.');
      return { event_id: nearest.eventId, origin_server_ts: nearest.originServerTs };
    },
  };
};

export type Serving = ReturnType<typeof createServing>;
