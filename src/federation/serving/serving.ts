// What other servers are told of rooms: events, states, history. Every answer passes one place that says whether they may ask
// (asked-room.ts) and one that says in which form they see an event (event-views.ts).
// Server-Server API, "Backfilling and retrieving missing events", "Retrieving events".

import { notFound } from '../../protocol/errors/matrix-error.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/ids/branded.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Database } from '../../storage/database.ts';
import { eventById } from '../../storage/stores/events.ts';
import { askedRoomByNid } from '../../storage/stores/server-questions.ts';
import { createAskedRooms } from './asked-room.ts';
import { createAuthChains } from './auth-chains.ts';
import { createEventViews, pduText } from './event-views.ts';
import { createHistory } from './history.ts';
import { createStatesBefore } from './state-before.ts';
import { eventIdsInParts, pdusInParts, type TextParts } from './texts-in-parts.ts';

export interface ServingDeps {
  readonly db: Database;
  readonly rooms: Rooms;
}

const REJECTED = 2;

export interface StateTexts {
  readonly state: TextParts;
  readonly authChain: TextParts;
}

export const createServing = ({ db, rooms }: ServingDeps) => {
  const { state, names } = rooms;
  const asked = createAskedRooms({ db, state });
  const authChains = createAuthChains({ db });
  const views = createEventViews({ state, names });
  const states = createStatesBefore({ db, state, authChains });

  return {
    ...createHistory({ db, asked, views }),

    /** One event as a PDU, JSON text. Throws M_NOT_FOUND, for events that are not theirs to see as well. */
    async event(server: ServerName, eventId: EventId): Promise<string> {
      const event = await db.read((tx) => eventById(tx, eventId));
      const row = event && event.verdict !== REJECTED && (await db.read((tx) => askedRoomByNid(tx, event.room)));
      const room = row && (await asked.find(server, row.roomId, 'formerMember'));
      if (!event || !room) throw missing();
      const [form = 'withheld'] = await db.read((tx) => views.of(tx, room, [event]));
      if (form === 'withheld') throw missing();
      return pduText(event, room, form);
    },

    /** Ids of the state before an event, JSON texts. Throws M_FORBIDDEN, M_NOT_FOUND, M_LIMIT_EXCEEDED. */
    async stateIds(server: ServerName, roomId: RoomId, eventId: EventId): Promise<StateTexts> {
      const room = await asked.require(server, roomId, 'member');
      const before = await states.at(room, eventId);
      return { state: eventIdsInParts(db, before.state), authChain: eventIdsInParts(db, before.authChain) };
    },

    /** The state before an event as PDUs. Throws M_FORBIDDEN, M_NOT_FOUND, M_LIMIT_EXCEEDED. */
    async state(server: ServerName, roomId: RoomId, eventId: EventId): Promise<StateTexts> {
      const room = await asked.require(server, roomId, 'member');
      const before = await states.at(room, eventId);
      const [form] = await db.read((tx) => views.of(tx, room, [before.event]));
      // Of a past that is not theirs to see they are told what is still in force, and of the rest what the rules need.
      const inForce = form === 'whole' ? undefined : new Set((await state.entries(room.stateRoot)).values());
      return {
        state: pdusInParts(db, room, before.state, (nid) => !inForce || inForce.has(nid)),
        // As every server is told that joins.
        authChain: pdusInParts(db, room, before.authChain),
      };
    },

    /** The complete auth chain of an event as PDUs. Throws M_FORBIDDEN, M_NOT_FOUND. */
    async eventAuth(server: ServerName, roomId: RoomId, eventId: EventId): Promise<TextParts> {
      const room = await asked.require(server, roomId, 'formerMember');
      const event = await db.read((tx) => eventById(tx, eventId));
      if (!event || event.room !== room.nid || event.verdict === REJECTED) throw missing();
      const [form] = await db.read((tx) => views.of(tx, room, [event]));
      if (form === 'withheld') throw missing();
      return pdusInParts(db, room, [...(await authChains.of(room, [event.nid]))]);
    },
  };
};

const missing = () => notFound('The event is not here, or not yours to see.');
