// What an answer says to one device: messages, changed device lists, how many of its keys are left.

import type { E2ee } from '../../e2ee/e2ee.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../../storage/database.ts';
import { oneTimeKeyCounts, unusedFallbackKeyTypes } from '../../storage/stores/one-time-keys.ts';
import { toDeviceSince } from '../../storage/stores/to-device.ts';
import type { SyncToken } from '../sync-token.ts';
import type { SyncViewer } from './request.ts';

export interface DeviceParts {
  /** `"to_device":{…}` and the like. */
  readonly members: readonly string[];
  /** Whether they say anything that a waiting client must hear. */
  readonly hasNews: boolean;
  /** What the next token says of messages to the device. */
  readonly toDevice: number;
  /** Users whose devices changed or with whom a room is shared now that was not before. */
  readonly changedUsers: readonly UserId[];
}

export const deviceParts = async (
  e2ee: E2ee,
  tx: ReadTx,
  viewer: SyncViewer,
  since: SyncToken | undefined,
  now: number,
): Promise<DeviceParts> => {
  const members: string[] = [];
  const { messages, upTo } = await toDeviceSince(tx, viewer.device, since?.toDevice ?? 0, now);
  if (messages.length > 0) {
    const texts = messages.map(
      ({ sender, type, content }) =>
        `{"content":${content},"sender":${JSON.stringify(sender)},"type":${JSON.stringify(type)}}`,
    );
    members.push(`"to_device":{"events":[${texts.join(',')}]}`);
  }
  const lists = since && (await e2ee.deviceListChangesSince(tx, viewer.user, since.position, now));
  if (lists && lists.changed.length + lists.left.length > 0) members.push(`"device_lists":${JSON.stringify(lists)}`);
  const hasNews = members.length > 0;
  members.push(`"device_one_time_keys_count":${JSON.stringify(await oneTimeKeyCounts(tx, viewer.device))}`);
  const unused = JSON.stringify(await unusedFallbackKeyTypes(tx, viewer.device));
  members.push(`"device_unused_fallback_key_types":${unused}`);
  return { members, hasNews, toDevice: upTo, changedUsers: lists?.changed ?? [] };
};
