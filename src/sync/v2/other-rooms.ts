// `rooms.invite`, `rooms.knock` and `rooms.leave` of an answer.

import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../../storage/database.ts';
import { eventsByNid } from '../../storage/stores/events.ts';
import { userIdsOf } from '../../storage/stores/names.ts';
import { forgottenAmong } from '../../storage/stores/sync-rooms.ts';
import type { UserRoom } from '../user-rooms.ts';
import { beginning, type JoinedDeps } from './joined-room.ts';
import type { Span, SyncRequest, SyncViewer } from './request.ts';
import { roomAnswer } from './room-answer.ts';
import { newsMembers, type RoomsNews } from './room-news.ts';
import { rootAt } from './room-state.ts';

/** undefined: the inviter is ignored, or the room's state is not known. */
export const invitedRoom = async (
  deps: JoinedDeps,
  tx: ReadTx,
  room: UserRoom,
  ignored: ReadonlySet<UserId>,
): Promise<string | undefined> => {
  if (ignored.size > 0) {
    const [inviter] = await userIdsOf(tx, [room.sender]);
    if (inviter !== undefined && ignored.has(inviter)) return undefined;
  }
  return strippedRoom(deps, tx, room, 'invite_state');
};

export const knockedRoom = (deps: JoinedDeps, tx: ReadTx, room: UserRoom): Promise<string | undefined> =>
  strippedRoom(deps, tx, room, 'knock_state');

const strippedRoom = async (
  deps: JoinedDeps,
  tx: ReadTx,
  room: UserRoom,
  name: 'invite_state' | 'knock_state',
): Promise<string | undefined> => {
  const root = await rootAt(tx, room.nid, room.position);
  if (root === undefined) return undefined;
  const [own] = await eventsByNid(tx, [room.event]);
  const events = await deps.reader.strippedState(tx, room, root, own?.eventId);
  return `{"${name}":{"events":[${events.join(',')}]}}`;
};

/** A room that the user has left or was banned from: what there was for them until then. */
export const leftRoom = async (
  deps: JoinedDeps,
  tx: ReadTx,
  room: UserRoom,
  { viewer, filter, useStateAfter, fullState }: SyncRequest,
  { since, now }: Span,
  news: RoomsNews,
): Promise<string | undefined> => {
  const end = await ending(deps, tx, room, viewer, since);
  deps.lazyMembers.forget(viewer.device, room.nid);
  const answer = await roomAnswer(deps, tx, room, {
    viewer,
    filter,
    useStateAfter,
    after: end.after,
    upTo: room.position,
    stateUpTo: end.stateUpTo,
    stateSince: end.startsAnew || fullState ? undefined : since,
    now,
    startsAnew: since !== undefined && end.startsAnew && end.stateUpTo !== undefined,
    membersNeeded: [viewer.userId],
    shown: room.event,
  });
  const around: RoomsNews = { ...news, receipts: new Map(), typingSince: Number.POSITIVE_INFINITY };
  const members = [...answer.members, ...newsMembers(deps.ephemeral, room, around, filter.room)];
  return `{${members.join(',')}}`;
};

interface Ending {
  /** Timeline events have positions above this. */
  readonly after: number;
  /** The client does not have the state that went before. */
  readonly startsAnew: boolean;
  /** The last state that the user may see is the one at this position; undefined: none of it. */
  readonly stateUpTo: number | undefined;
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
    return { after: room.position - 1, startsAnew: true, stateUpTo: undefined };
  }
  return { ...(await beginning(deps, tx, room, viewer, since)), stateUpTo: ended };
};
