// `rooms.join.<room>` of an answer.

import type { Ephemeral } from '../../ephemeral/ephemeral.ts';
import type { ReadTx } from '../../storage/database.ts';
import type { UserRoom } from '../user-rooms.ts';
import type { EntryContext } from './entry-context.ts';
import type { JoinHistory } from './join-history.ts';
import type { RecentRooms } from './recent-rooms.ts';
import type { SyncRequest, SyncViewer } from './request.ts';
import { type RoomDeps, roomAnswer } from './room-answer.ts';
import { allAround, newsMembers } from './room-news.ts';
import { roomStateAt } from './room-state.ts';
import { type Summaries, summaryText } from './summary.ts';
import { unreadMembers } from './unread.ts';

export interface JoinedDeps extends RoomDeps {
  readonly summaries: Summaries;
  readonly joinHistory: JoinHistory;
  readonly recentRooms: RecentRooms;
  readonly ephemeral: Ephemeral;
}

/** undefined: there is nothing to tell. */
export const joinedRoom = async (
  deps: JoinedDeps,
  room: UserRoom,
  context: EntryContext,
): Promise<string | undefined> => {
  const { tx, request, span, learnt } = context;
  const { viewer, filter } = request;
  const { since, now } = span;
  const isNew = isNewlyWhole(room, request);
  const begin = isNew ? wholeNow : await beginning(deps, tx, room, viewer, since);
  const around = { viewer: viewer.user, now };
  const news = isNew ? await allAround(deps.ephemeral, tx, room, context.news, around) : context.news;
  if (begin.startsAnew) {
    deps.lazyMembers.forget(viewer.device, room.nid);
    learnt.newRooms.push(room.nid);
  }
  const recent = context.recent.get(room.nid);
  const end = recent?.state ?? (await roomStateAt(tx, room.nid, now));
  if (!end) return undefined;
  const stateSince = begin.startsAnew || request.fullState ? undefined : since;
  const isUnchanged = stateSince !== undefined && end.position <= stateSince;
  if (!isUnchanged) learnt.stateChanged = true;
  const summary = isUnchanged ? undefined : await deps.summaries.of(tx, room, end.root, viewer.userId);
  const members = await roomAnswer(deps, room, context, {
    after: begin.after,
    upTo: now,
    recent,
    end,
    stateSince,
    startsAnew: since !== undefined && begin.startsAnew,
    membersNeeded: [...(stateSince === undefined ? [viewer.userId] : []), ...(summary?.heroes ?? [])],
  });
  if (summary) members.push(summaryText(summary));
  members.push(...newsMembers(deps.ephemeral, room, news, filter.room));
  if (isEmpty(members) && !news.counts.has(room.nid)) return undefined;
  const byThread = filter.room.timeline.unreadThreadNotifications;
  members.push(...(await unreadMembers(tx, viewer.user, room.nid, now, byThread)));
  return `{${members.join(',')}}`;
};

/** A client that does not load members lazily was not told of the room so far. */
const isNewlyWhole = ({ wholePosition }: UserRoom, { filter, since }: SyncRequest): boolean =>
  since !== undefined && wholePosition > since.position && !filter.room.state.lazyLoadMembers;

const wholeNow: Beginning = { after: Number.MIN_SAFE_INTEGER, startsAnew: true };

export interface Beginning {
  /** Timeline events have positions above this. */
  readonly after: number;
  /** The client has no state of the room, or one that is no good any more. */
  readonly startsAnew: boolean;
}

/** Also for rooms that were left since: from where the client is told of them. */
export const beginning = async (
  deps: Pick<JoinedDeps, 'joinHistory'>,
  tx: ReadTx,
  room: UserRoom,
  viewer: SyncViewer,
  since: number | undefined,
): Promise<Beginning> => {
  if (since === undefined) return { after: Number.MIN_SAFE_INTEGER, startsAnew: true };
  const isFollowed = room.position <= since || (room.membership === 'join' && room.sincePosition <= since);
  if (isFollowed) return { after: since, startsAnew: false };
  const before = await deps.joinHistory.at(tx, room, viewer, since);
  if (before?.membership === 'join') return { after: since, startsAnew: false };
  // What came before they left was told when they left.
  const left = before ? await deps.joinHistory.joinEnded(tx, before.event) : Number.NEGATIVE_INFINITY;
  return { after: Math.max(left, Number.MIN_SAFE_INTEGER), startsAnew: true };
};

/** An empty `state_after` alone is no news. */
const isEmpty = (members: readonly string[]): boolean =>
  members.length === 0 || (members.length === 1 && members[0]!.endsWith('state_after":{"events":[]}'));
