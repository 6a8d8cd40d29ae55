// What the entries of one answer have in common, and what is learnt while they are made.

import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../../storage/database.ts';
import type { RecentRoom } from './recent-rooms.ts';
import type { Span, SyncRequest } from './request.ts';
import type { RoomsNews } from './room-news.ts';

export interface EntryContext {
  readonly tx: ReadTx;
  readonly request: SyncRequest;
  readonly span: Span;
  readonly news: RoomsNews;
  readonly ignored: ReadonlySet<UserId>;
  /** Room nid → what is in memory of it. */
  readonly recent: ReadonlyMap<number, RecentRoom>;
  readonly learnt: Learnt;
}

export interface Learnt {
  /** Rooms that turn out to be new to the client. */
  readonly newRooms: number[];
  /** Who joined a room, by the timelines. */
  readonly joiners: UserId[];
  /** The state of a room changed, so others may have come or gone. */
  stateChanged: boolean;
}

export const nothingLearnt = (): Learnt => ({ newRooms: [], joiners: [], stateChanged: false });
