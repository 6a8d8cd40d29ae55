// What an answer says beside its rooms and presence: to the device, and to the user.

import type { E2ee } from '../../e2ee/e2ee.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import { mergeRules, noUserPushRules } from '../../protocol/push-rules/user-push-rules.ts';
import type { ReadTx } from '../../storage/database.ts';
import { accountDataSince, GLOBAL, type RoomAccountDatum } from '../../storage/stores/account-data.ts';
import { deviceParts } from './device-parts.ts';
import type { Span, SyncRequest } from './request.ts';
import { type AccountDataByRoom, accountDataTexts } from './room-news.ts';

export interface AnswerHead {
  /** `"account_data":{…}` and the like. */
  readonly members: readonly string[];
  readonly hasNews: boolean;
  /** What the next token says of messages to the device. */
  readonly toDevice: number;
  readonly accountData: AccountDataByRoom;
  /** Users whose devices changed or with whom a room is shared now that was not before. */
  readonly changedUsers: readonly UserId[];
}

export const answerHead = async (
  e2ee: E2ee,
  tx: ReadTx,
  { viewer, filter, since }: SyncRequest,
  span: Span,
): Promise<AnswerHead> => {
  const device = await deviceParts(e2ee, tx, viewer, since, span.now);
  const data = await accountDataSince(tx, viewer.user, span.since ?? Number.MIN_SAFE_INTEGER, span.now);
  const accountData = Map.groupBy(data, (datum: RoomAccountDatum) => datum.room);
  const global: { type: string; content: string }[] = [...(accountData.get(GLOBAL) ?? [])];
  if (span.since === undefined && !global.some(({ type }) => type === 'm.push_rules')) {
    global.push(defaultPushRules(viewer.userId));
  }
  const texts = accountDataTexts(global, filter.accountData);
  const members = [...device.members];
  if (texts.length > 0) members.push(`"account_data":{"events":[${texts.join(',')}]}`);
  return { ...device, members, hasNews: device.hasNews || texts.length > 0, accountData };
};

/** Of a user who changed none. */
const defaultPushRules = (userId: UserId): { type: string; content: string } => ({
  type: 'm.push_rules',
  content: JSON.stringify({ global: mergeRules(userId, noUserPushRules) }),
});
