// Users report rooms, events and each other; the reports are kept for the administrators.
// Client-Server API, "Reporting Content".

import type { Clock } from '../lib/clock.ts';
import { notFound, tooLarge } from '../protocol/errors/matrix-error.ts';
import type { EventId, RoomId, UserId } from '../protocol/ids/branded.ts';
import type { Database } from '../storage/database.ts';
import { eventById } from '../storage/stores/events.ts';
import { membershipOf } from '../storage/stores/memberships.ts';
import { findUser } from '../storage/stores/names.ts';
import { type NewReport, storeReport } from '../storage/stores/reports.ts';
import type { Rooms } from './rooms.ts';

export interface ReportsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly rooms: Pick<Rooms, 'require'>;
}

const REASON_LENGTH_MAX = 10_000;

export const createReports = ({ db, clock, rooms }: ReportsDeps) => {
  const store = async (report: Omit<NewReport, 'now'>): Promise<void> => {
    if (report.reason.length > REASON_LENGTH_MAX) throw tooLarge('The reason is too long.');
    await db.write(storeReport, { ...report, now: clock.now() });
  };

  return {
    /** "servers MUST NOT restrict room reports based on whether or not the reporting user is joined". Throws M_NOT_FOUND. */
    async reportRoom(reporter: number, roomId: RoomId, reason: string): Promise<void> {
      const { nid: room } = await rooms.require(roomId);
      await store({ kind: 'room', target: roomId, room, reporter, reason });
    },

    /** Throws M_NOT_FOUND: "The event was not found or you are not joined to the room where the event resides." */
    async reportEvent(reporter: number, roomId: RoomId, eventId: EventId, reason: string): Promise<void> {
      const { nid: room } = await rooms.require(roomId);
      const isThere = await db.read(async (tx) => {
        const membership = await membershipOf(tx, reporter, room);
        return membership?.membership === 'join' && (await eventById(tx, eventId))?.room === room;
      });
      if (!isThere) throw notFound('There is no such event in a room that you are in.');
      await store({ kind: 'event', target: eventId, room, reporter, reason });
    },

    /** Throws M_NOT_FOUND for a user whom nothing here names. */
    async reportUser(reporter: number, userId: UserId, reason: string): Promise<void> {
      const user = await db.read((tx) => findUser(tx, userId));
      if (user === undefined) throw notFound(`There is no user ${userId}.`);
      await store({ kind: 'user', target: userId, room: null, reporter, reason });
    },
  };
};

export type Reports = ReturnType<typeof createReports>;
