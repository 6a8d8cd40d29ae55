// Pages through a room's timeline. Client-Server API, GET /rooms/{roomId}/messages.

import type { RoomEventFilter } from '../../protocol/filters/event-filter.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import { type OpenHole, openHole } from '../../storage/stores/timeline-holes.ts';
import type { RoomRef } from '../room-ref.ts';
import { lazyMembers } from './lazy-members.ts';
import { positionToken } from './position-token.ts';
import { renderEvents } from './render-events.ts';
import { END_OF_TIME, roomAccess } from './room-access.ts';
import type { Look } from './room-reader.ts';
import { scanTimeline } from './scan-timeline.ts';

export interface MessagesQuestion {
  /** Positions; undefined: from the first or last visible event, to the end. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly backwards: boolean;
  readonly limit: number;
  readonly filter: RoomEventFilter | undefined;
}

export interface MessagesPage {
  readonly start: string;
  /** undefined: there is nothing more. */
  readonly end: string | undefined;
  /** JSON texts. */
  readonly chunk: readonly string[];
  /** JSON texts of the senders' m.room.member events; undefined unless they are lazy-loaded. */
  readonly state: readonly string[] | undefined;
}

export interface PagedMessages {
  readonly page: MessagesPage;
  readonly room: RoomRef;
  /** Where history is missing in what was walked through; undefined: nowhere. */
  readonly hole: OpenHole | undefined;
}

/** Throws M_FORBIDDEN. */
export const pageMessages = async (look: Look, roomId: RoomId, question: MessagesQuestion): Promise<PagedMessages> => {
  const { reading, tx } = look;
  const { from, to, backwards, limit, filter } = question;
  const access = await roomAccess(look, roomId);
  const { room, stored } = access;
  const start = from ?? (backwards ? Math.min(access.upTo, stored.latestPosition) : BEFORE_ALL);
  const stretch = backwards
    ? { after: to ?? -END_OF_TIME, upTo: Math.min(start, access.upTo) }
    : { after: start, upTo: Math.min(to ?? END_OF_TIME, access.upTo) };
  const { events, stoppedAt } = await scanTimeline(look, room, { ...stretch, backwards, limit, filter });
  const members = filter?.lazyLoadMembers ? await lazyMembers(reading, tx, events) : undefined;
  const page = {
    start: positionToken(start),
    end: endToken(backwards, stoppedAt, events.at(-1)?.position ?? undefined),
    chunk: await renderEvents(look, room, events),
    state: members && (await renderEvents(look, room, members, { brief: true })),
  };
  return { page, room, hole: await openHole(tx, room.nid, walkedThrough(stretch, backwards, stoppedAt)) };
};

interface Stretch {
  readonly after: number;
  readonly upTo: number;
}

const walkedThrough = (stretch: Stretch, backwards: boolean, stoppedAt: number | undefined): Stretch => {
  if (stoppedAt === undefined) return stretch;
  return backwards ? { after: stoppedAt, upTo: stretch.upTo } : { after: stretch.after, upTo: stoppedAt };
};

/** No history that is fetched later gets as far back. */
const BEFORE_ALL = -999_999_999_999_999;

/** Towards the present there may always be more to come, until a page is empty. */
const endToken = (backwards: boolean, stoppedAt: number | undefined, last: number | undefined): string | undefined => {
  if (backwards) return stoppedAt === undefined ? undefined : positionToken(stoppedAt - 1);
  const position = stoppedAt ?? last;
  return position === undefined ? undefined : positionToken(position);
};
