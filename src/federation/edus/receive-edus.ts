// Takes the EDUs of other servers' transactions. Server-Server API, "EDUs".

import type { Ephemeral } from '../../ephemeral/ephemeral.ts';
import type { Clock } from '../../lib/clock.ts';
import { isJsonObject, type JsonObject } from '../../protocol/events/json.ts';
import type { RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Database } from '../../storage/database.ts';
import { findUsers } from '../../storage/stores/names.ts';
import { receiveMessages } from '../../storage/stores/received-messages.ts';
import { usersMetHere } from '../../storage/stores/remote-device-lists.ts';
import type { DeviceUpdate } from '../../storage/stores/remote-devices.ts';
import type { IncomingEdus } from './incoming.ts';
import { maybeMembers, membersThere } from './members-there.ts';
import {
  readDeviceUpdate,
  readMessage,
  readPresences,
  readReceipts,
  readSigner,
  readTyping,
  type TypingUser,
  type UserReceipt,
} from './read-edus.ts';
import type { RemoteDevices } from './remote-keys/remote-devices.ts';

export interface IncomingEdusDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly rooms: Pick<Rooms, 'view'>;
  readonly ephemeral: Pick<Ephemeral, 'typing' | 'receipts' | 'presence'>;
  readonly remoteDevices: Pick<RemoteDevices, 'update' | 'updateCrossSigning'>;
}

const contentsOf = (edus: readonly JsonObject[], type: string): JsonObject[] =>
  edus.flatMap(({ edu_type, content }) => (edu_type === type && isJsonObject(content) ? [content] : []));

export const createIncomingEdus = (deps: IncomingEdusDeps): IncomingEdus => {
  const { db, clock, serverName, remoteDevices } = deps;

  const takeMessages = async (origin: ServerName, contents: readonly JsonObject[]): Promise<void> => {
    const messages = contents
      .map((content) => readMessage(origin, serverName, content))
      .filter((read) => read !== undefined);
    if (messages.length > 0) await db.write(receiveMessages, { origin, messages, now: clock.now() });
  };

  const takeDeviceUpdates = async (origin: ServerName, contents: readonly JsonObject[]): Promise<void> => {
    const byUser = new Map<UserId, DeviceUpdate[]>();
    for (const content of contents) {
      const read = readDeviceUpdate(origin, content);
      if (!read) continue;
      byUser.set(read.userId, [...(byUser.get(read.userId) ?? []), read.update]);
    }
    const users = [...byUser].map(([userId, updates]) => ({ userId, updates }));
    if (users.length > 0) await remoteDevices.update(users);
  };

  const takeCrossSigning = async (origin: ServerName, contents: readonly JsonObject[]): Promise<void> => {
    const latest = new Map<UserId, JsonObject>();
    for (const content of contents) {
      const userId = readSigner(origin, content);
      if (userId) latest.set(userId, content);
    }
    for (const [userId, content] of latest) await remoteDevices.updateCrossSigning(userId, content);
  };

  return {
    async receive(origin, edus) {
      await takeMessages(origin, contentsOf(edus, 'm.direct_to_device'));
      await takeDeviceUpdates(origin, contentsOf(edus, 'm.device_list_update'));
      await takeCrossSigning(origin, contentsOf(edus, 'm.signing_key_update'));
      await takeTyping(deps, origin, contentsOf(edus, 'm.typing'));
      await takeReceipts(deps, origin, contentsOf(edus, 'm.receipt'));
      await takePresences(deps, origin, contentsOf(edus, 'm.presence'));
    },
  };
};

const takeTyping = async (
  deps: IncomingEdusDeps,
  origin: ServerName,
  contents: readonly JsonObject[],
): Promise<void> => {
  const said = contents.map((content) => readTyping(origin, content)).filter((read) => read !== undefined);
  for (const [roomId, ofRoom] of Map.groupBy(said, (typing: TypingUser) => typing.roomId)) {
    const userIds = ofRoom.map(({ userId }) => userId);
    const there = await membersThere(deps, origin, roomId, userIds);
    if (!there) continue;
    for (const { userId, isTyping } of ofRoom) {
      if (there.users.has(userId)) deps.ephemeral.typing.receive(there.room, userId, isTyping);
    }
  }
};

const takeReceipts = async (
  deps: IncomingEdusDeps,
  origin: ServerName,
  contents: readonly JsonObject[],
): Promise<void> => {
  const byRoom = new Map<RoomId, UserReceipt[]>();
  for (const content of contents) {
    for (const [roomId, receipts] of readReceipts(origin, content)) {
      byRoom.set(roomId, [...(byRoom.get(roomId) ?? []), ...receipts]);
    }
  }
  for (const [roomId, receipts] of byRoom) {
    const userIds = [...new Set(receipts.map(({ userId }) => userId))];
    const there = await membersThere(deps, origin, roomId, userIds);
    if (!there) continue;
    const ofMembers = receipts.flatMap(({ userId, ...receipt }) => {
      const user = there.users.get(userId);
      return user === undefined ? [] : [{ ...receipt, user }];
    });
    await deps.ephemeral.receipts.receive(there.room, ofMembers);
  }
};

const takePresences = async (
  { db, ephemeral: { presence } }: IncomingEdusDeps,
  origin: ServerName,
  contents: readonly JsonObject[],
): Promise<void> => {
  const said = contents.flatMap((content) => readPresences(origin, content));
  if (said.length === 0 || !presence.isEnabled) return;
  const users = await db.read(async (tx) => {
    const found = await findUsers(tx, [...new Set(said.map(({ userId }) => userId))]);
    const met = await usersMetHere(tx, [...found.values()]);
    return new Map([...found].filter(([, user]) => met.has(user)));
  });
  const others = said.map(({ userId }) => userId).filter((userId) => !users.has(userId));
  for (const [userId, user] of await maybeMembers({ db }, origin, [...new Set(others)])) users.set(userId, user);
  for (const { userId, presence: name, isCurrentlyActive, lastActiveAgoMs, statusMsg } of said) {
    const user = users.get(userId);
    if (user === undefined) continue;
    const shown = { presence: name, currentlyActive: name === 'online' && isCurrentlyActive };
    presence.receive({ user, userId, shown, lastActiveAgoMs, statusMsg });
  }
};
