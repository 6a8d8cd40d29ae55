// `rooms.invite`, `rooms.knock` and `rooms.leave` of an answer.

import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../../storage/database.ts';
import { eventsByNid } from '../../storage/stores/events.ts';
import { userIdsOf } from '../../storage/stores/names.ts';
import type { UserRoom } from '../user-rooms.ts';
import type { JoinedDeps } from './joined-room.ts';
import type { Span, SyncRequest } from './request.ts';
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

/** A room that the user has left or was banned from, up to there. */
export const leftRoom = async (
  deps: JoinedDeps,
  tx: ReadTx,
  room: UserRoom,
  { viewer, filter, useStateAfter }: SyncRequest,
  { since, now }: Span,
  news: RoomsNews,
): Promise<string | undefined> => {
  const ended = await deps.joinHistory.joinEnded(tx, room.event);
  const before = since === undefined ? undefined : await deps.joinHistory.at(tx, room, viewer, since);
  const wasJoined = before?.membership === 'join';
  // Who never joined sees nothing of the room but what was said to them.
  const after = wasJoined ? since! : before ? Math.max(since!, Number.MIN_SAFE_INTEGER) : Number.MIN_SAFE_INTEGER;
  const seesState = Number.isFinite(ended) && (since === undefined || ended > since);
  deps.lazyMembers.forget(viewer.device, room.nid);
  const answer = await roomAnswer(deps, tx, room, {
    viewer,
    filter,
    useStateAfter,
    after,
    upTo: Math.min(room.position, now),
    stateSince: wasJoined ? since : undefined,
    now,
    startsAnew: since !== undefined && !wasJoined,
    membersNeeded: [viewer.userId],
    withoutState: !seesState,
    shown: room.event,
  });
  const members = answer ? [...answer.members] : [];
  members.push(
    ...newsMembers(deps.ephemeral, room, { ...news, receipts: new Map(), typingSince: Infinity }, filter.room),
  );
  return `{${members.join(',')}}`;
};
