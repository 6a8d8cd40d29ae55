// `rooms.invite`, `rooms.knock` and `rooms.leave` of an answer.

import type { ReadTx } from '../../storage/database.ts';
import { eventsByNid } from '../../storage/stores/events.ts';
import { userIdsOf } from '../../storage/stores/names.ts';
import { strippedStateOf } from '../../storage/stores/out-of-band.ts';
import { forgottenAmong } from '../../storage/stores/sync-rooms.ts';
import type { UserRoom } from '../user-rooms.ts';
import type { EntryContext } from './entry-context.ts';
import { beginning, type JoinedDeps } from './joined-room.ts';
import type { SyncViewer } from './request.ts';
import { roomAnswer } from './room-answer.ts';
import { newsMembers, type RoomsNews } from './room-news.ts';
import { roomStateAt } from './room-state.ts';

/** undefined: the inviter is ignored, or the room's state is not known. */
export const invitedRoom = async (
  deps: JoinedDeps,
  room: UserRoom,
  { tx, ignored, request: { viewer } }: EntryContext,
): Promise<string | undefined> => {
  if (ignored.size > 0) {
    const [inviter] = await userIdsOf(tx, [room.sender]);
    if (inviter !== undefined && ignored.has(inviter)) return undefined;
  }
  return strippedRoom(deps, tx, viewer, room, 'invite_state');
};

export const knockedRoom = (
  deps: JoinedDeps,
  room: UserRoom,
  { tx, request: { viewer } }: EntryContext,
): Promise<string | undefined> => strippedRoom(deps, tx, viewer, room, 'knock_state');

const strippedRoom = async (
  deps: JoinedDeps,
  tx: ReadTx,
  viewer: SyncViewer,
  room: UserRoom,
  name: 'invite_state' | 'knock_state',
): Promise<string | undefined> => {
  // Of a room that this server is not in, or was not when they were invited: what other servers told.
  const told = await strippedStateOf(tx, viewer.user, room.nid);
  if (told !== undefined) return `{"${name}":{"events":${told}}}`;
  const state = await roomStateAt(tx, room.nid, room.position);
  if (!state) return undefined;
  const [own] = await eventsByNid(tx, [room.event]);
  const events = await deps.reader.strippedState(tx, room, state.root, own?.eventId);
  return `{"${name}":{"events":[${events.join(',')}]}}`;
};

/** A room that the user has left or was banned from: what there was for them until then. */
export const leftRoom = async (deps: JoinedDeps, room: UserRoom, context: EntryContext): Promise<string> => {
  const { tx, request, span, news } = context;
  const { viewer, filter } = request;
  const end = await ending(deps, tx, room, viewer, span.since);
  deps.lazyMembers.forget(viewer.device, room.nid);
  const answer = await roomAnswer(deps, room, context, {
    after: end.after,
    upTo: room.position,
    recent: undefined,
    end: end.joinEnded === undefined ? undefined : await roomStateAt(tx, room.nid, end.joinEnded),
    stateSince: end.startsAnew || request.fullState ? undefined : span.since,
    startsAnew: span.since !== undefined && end.startsAnew,
    membersNeeded: [viewer.userId],
    shown: room.event,
  });
  const around: RoomsNews = { ...news, receipts: new Map(), typingSince: Number.POSITIVE_INFINITY };
  return `{${[...answer, ...newsMembers(deps.ephemeral, room, around, filter.room)].join(',')}}`;
};

interface Ending {
  /** Timeline events have positions above this. */
  readonly after: number;
  /** The client does not have the state that went before. */
  readonly startsAnew: boolean;
  /** The position of the last state that the user may see; undefined: none of it. */
  readonly joinEnded: number | undefined;
}

const ending = async (
  deps: JoinedDeps,
  tx: ReadTx,
  room: UserRoom,
  viewer: SyncViewer,
  since: number | undefined,
): Promise<Ending> => {
  const ended = await deps.joinHistory.joinEnded(tx, room.event);
  // Who was not in the room, or forgot it, hears no more than that it is over: an invite taken back, a ban.
  const isOutsider = !Number.isFinite(ended) || (since !== undefined && ended <= since);
  if (isOutsider || (await forgottenAmong(tx, viewer.user, [room.nid])).size > 0) {
    return { after: room.position - 1, startsAnew: true, joinEnded: undefined };
  }
  return { ...(await beginning(deps, tx, room, viewer, since)), joinEnded: ended };
};
