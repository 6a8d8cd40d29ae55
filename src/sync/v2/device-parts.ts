// What an answer says to one device: messages, changed device lists, how many of its keys are left.

import type { E2ee } from '../../e2ee/e2ee.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../../storage/database.ts';
import { oneTimeKeyCounts, unusedFallbackKeyTypes } from '../../storage/stores/one-time-keys.ts';
import { type ToDeviceBatch, toDeviceSince } from '../../storage/stores/to-device.ts';
import type { SyncRequest } from './request.ts';

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

/** What may have changed since the client's token: what has not is not looked for. */
export interface MayHaveChanged {
  /** Something of the user's own. */
  readonly user: boolean;
  /** Something in a room of theirs. */
  readonly rooms: boolean;
  /** Somebody came into a room of theirs or went. */
  readonly members: boolean;
}

export const deviceParts = async (
  e2ee: E2ee,
  tx: ReadTx,
  { viewer, since }: SyncRequest,
  now: number,
  changed: MayHaveChanged,
): Promise<DeviceParts> => {
  const members: string[] = [];
  const isWaiting = !since || changed.user || since.toDevice < since.position;
  const batch = isWaiting ? await toDeviceSince(tx, viewer.device, since?.toDevice ?? 0, now) : undefined;
  if (batch && batch.messages.length > 0) members.push(toDeviceMember(batch));
  const lists =
    since && (changed.user || changed.rooms)
      ? await e2ee.deviceListChangesSince(tx, {
          user: viewer.user,
          since: since.position,
          until: now,
          membersMoved: changed.members,
        })
      : undefined;
  if (lists && lists.changed.length + lists.left.length > 0) members.push(`"device_lists":${JSON.stringify(lists)}`);
  const hasNews = members.length > 0;
  members.push(`"device_one_time_keys_count":${JSON.stringify(await oneTimeKeyCounts(tx, viewer.device))}`);
  const unused = JSON.stringify(await unusedFallbackKeyTypes(tx, viewer.device));
  members.push(`"device_unused_fallback_key_types":${unused}`);
  return { members, hasNews, toDevice: batch?.upTo ?? now, changedUsers: lists?.changed ?? [] };
};

const toDeviceMember = ({ messages }: ToDeviceBatch): string => {
  const texts = messages.map(
    ({ sender, type, content }) =>
      `{"content":${content},"sender":${JSON.stringify(sender)},"type":${JSON.stringify(type)}}`,
  );
  return `"to_device":{"events":[${texts.join(',')}]}`;
};
