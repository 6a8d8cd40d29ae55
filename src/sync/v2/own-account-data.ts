// The user's account data in an answer: global, and by room.

import type { EventFilter } from '../../protocol/filters/event-filter.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import { mergeRules, noUserPushRules } from '../../protocol/push-rules/user-push-rules.ts';
import type { ReadTx } from '../../storage/database.ts';
import { accountDataSince, GLOBAL, type RoomAccountDatum } from '../../storage/stores/account-data.ts';
import type { Span, SyncViewer } from './request.ts';
import { type AccountDataByRoom, accountDataTexts } from './room-news.ts';

export interface OwnAccountData {
  readonly byRoom: AccountDataByRoom;
  /** Texts of the global ones. */
  readonly global: readonly string[];
}

export const noAccountData: OwnAccountData = { byRoom: new Map(), global: [] };

export const ownAccountData = async (
  tx: ReadTx,
  viewer: SyncViewer,
  { since, now }: Span,
  filter: EventFilter,
): Promise<OwnAccountData> => {
  const data = await accountDataSince(tx, viewer.user, since ?? Number.MIN_SAFE_INTEGER, now);
  const byRoom = Map.groupBy(data, (datum: RoomAccountDatum) => datum.room);
  const global: { type: string; content: string }[] = [...(byRoom.get(GLOBAL) ?? [])];
  if (since === undefined && !global.some(({ type }) => type === 'm.push_rules')) {
    global.push(defaultPushRules(viewer.userId));
  }
  return { byRoom, global: accountDataTexts(global, filter) };
};

/** Of a user who changed none. */
const defaultPushRules = (userId: UserId): { type: string; content: string } => ({
  type: 'm.push_rules',
  content: JSON.stringify({ global: mergeRules(userId, noUserPushRules) }),
});
