// `rooms.join.<room>` of an answer.

import type { Ephemeral } from '../../ephemeral/ephemeral.ts';
import type { ReadTx } from '../../storage/database.ts';
import type { UserRoom } from '../user-rooms.ts';
import type { JoinHistory } from './join-history.ts';
import type { Span, SyncRequest, SyncViewer } from './request.ts';
import { type RoomDeps, roomAnswer } from './room-answer.ts';
import { newsMembers, type RoomsNews } from './room-news.ts';
import { rootAt } from './room-state.ts';
import { type Summaries, summaryText } from './summary.ts';
import { unreadMembers } from './unread.ts';

export interface JoinedDeps extends RoomDeps {
  readonly summaries: Summaries;
  readonly joinHistory: JoinHistory;
  readonly ephemeral: Ephemeral;
}

export interface JoinedRoom {
  readonly text: string;
  /** The client was told of it as of a room that it does not know. */
  readonly isNew: boolean;
}

/** undefined: there is nothing to tell. */
export const joinedRoom = async (
  deps: JoinedDeps,
  tx: ReadTx,
  room: UserRoom,
  { viewer, filter, useStateAfter, fullState }: SyncRequest,
  { since, now }: Span,
  news: RoomsNews,
): Promise<JoinedRoom | undefined> => {
  const begin = await beginning(deps, tx, room, viewer, since);
  if (begin.startsAnew) deps.lazyMembers.forget(viewer.device, room.nid);
  const endRoot = await rootAt(tx, room.nid, now);
  if (endRoot === undefined) return undefined;
  const stateSince = begin.startsAnew || fullState ? undefined : since;
  const rootBefore = stateSince === undefined ? undefined : await rootAt(tx, room.nid, stateSince);
  const summary = rootBefore === endRoot ? undefined : await deps.summaries.of(tx, room, endRoot, viewer.userId);
  const answer = await roomAnswer(deps, tx, room, {
    viewer,
    filter,
    useStateAfter,
    after: begin.after,
    upTo: now,
    stateUpTo: now,
    stateSince,
    now,
    startsAnew: since !== undefined && begin.startsAnew,
    membersNeeded: [...(stateSince === undefined ? [viewer.userId] : []), ...(summary?.heroes ?? [])],
  });
  const members = [...answer.members];
  if (summary) members.push(summaryText(summary));
  members.push(...newsMembers(deps.ephemeral, room, news, filter.room));
  if (isEmpty(members) && !news.counts.has(room.nid)) return undefined;
  const byThread = filter.room.timeline.unreadThreadNotifications;
  members.push(...(await unreadMembers(tx, viewer.user, room.nid, now, byThread)));
  return { text: `{${members.join(',')}}`, isNew: begin.startsAnew };
};

interface Beginning {
  /** Timeline events have positions above this. */
  readonly after: number;
  /** The client has no state of the room, or one that is no good any more. */
  readonly startsAnew: boolean;
}

/** Also for rooms that were left since: from where the client is told of them. */
export const beginning = async (
  deps: JoinedDeps,
  tx: ReadTx,
  room: UserRoom,
  viewer: SyncViewer,
  since: number | undefined,
): Promise<Beginning> => {
  if (since === undefined) return { after: Number.MIN_SAFE_INTEGER, startsAnew: true };
  if (room.position <= since) return { after: since, startsAnew: false };
  const before = await deps.joinHistory.at(tx, room, viewer, since);
  if (before?.membership === 'join') return { after: since, startsAnew: false };
  // What came before they left was told when they left.
  const left = before ? await deps.joinHistory.joinEnded(tx, before.event) : Number.NEGATIVE_INFINITY;
  return { after: Math.max(left, Number.MIN_SAFE_INTEGER), startsAnew: true };
};

/** An empty `state_after` alone is no news. */
const isEmpty = (members: readonly string[]): boolean =>
  members.length === 0 || (members.length === 1 && members[0]!.endsWith('state_after":{"events":[]}'));
