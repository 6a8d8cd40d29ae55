// Messages from the server's operators to its users, in a room of its own for each user, in which only the official account
// speaks. Client-Server API, "Server Notices".

import { plainAccount } from '../../auth/new-account.ts';
import { keyedLock } from '../../lib/keyed-lock.ts';
import { cannotLeaveNoticeRoom, notFound, unknownError } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { EventId, RoomId, UserId } from '../../protocol/ids/branded.ts';
import { userIdOf } from '../../protocol/ids/user-id.ts';
import { noticeRoomOf, setNoticeRoom } from '../../storage/stores/server-notices.ts';
import { createRoom } from '../creation/create-room.ts';
import type { Actor, MembershipDeps } from '../deps.ts';
import { inviteUser } from '../invite-user.ts';
import { noticeRoomRequest } from './notice-room.ts';

export interface NoticesConfig {
  readonly localpart?: string | undefined;
  readonly displayName: string;
  readonly avatarUrl?: string | undefined;
  readonly roomName: string;
  readonly mayLeave: boolean;
}

export interface SentNotice {
  readonly roomId: RoomId;
  readonly eventId: EventId;
}

export interface NoticesToAll {
  readonly sent: number;
  /** Users who could not be told, e.g. as they block invites. */
  readonly failed: readonly UserId[];
}

const ACCOUNTS_PAGE = 500;

export const createServerNotices = (deps: MembershipDeps) => {
  const { db, rooms, accounts, serverName, log } = deps;
  const config = deps.serverNotices;
  const userId = config.localpart === undefined ? undefined : userIdOf(config.localpart, serverName);
  /** One room for each user, also when two notices come at once. */
  const lock = keyedLock<number>();
  let author: Promise<Actor> | undefined;

  const prepareAuthor = async (): Promise<Actor> => {
    if (userId === undefined) throw unknownError('Server notices are not configured (serverNotices.localpart).');
    const account = await accounts.findAccount(userId);
    if (account && account.deactivatedTs !== null) throw unknownError(`${userId} is deactivated.`);
    const user = account?.user ?? (await accounts.createAccount({ ...plainAccount, userId, passwordHash: null }));
    await accounts.putProfileField(user, userId, 'displayname', config.displayName);
    await accounts.putProfileField(user, userId, 'avatar_url', config.avatarUrl ?? '');
    return { user, userId };
  };

  const theAuthor = (): Promise<Actor> => {
    author ??= prepareAuthor().catch((error: unknown) => {
      author = undefined;
      throw error;
    });
    return author;
  };

  /** "Servers should invite the target user rather than automatically join them". */
  const roomFor = async (from: Actor, user: number, target: UserId): Promise<RoomId> => {
    const roomId = await db.read((tx) => noticeRoomOf(tx, user));
    const view = roomId && (await rooms.view(roomId));
    if (roomId && view && (await view.membershipOf(from.userId)) === 'join') {
      const membership = await view.membershipOf(target);
      if (membership !== 'join' && membership !== 'invite')
        await inviteUser(deps, from, { roomId, target, content: {} });
      return roomId;
    }
    const room = await createRoom(deps, from, noticeRoomRequest(config, target));
    await db.write(setNoticeRoom, { user, room: room.nid });
    return room.roomId;
  };

  /** Throws M_NOT_FOUND when there is no such user here, M_UNKNOWN without configuration, and what inviting throws. */
  const sendNotice = async (target: UserId, content: JsonObject): Promise<SentNotice> => {
    const from = await theAuthor();
    const account = await accounts.findAccount(target);
    if (!account || account.deactivatedTs !== null || target === from.userId) throw notFound('There is no such user.');
    const roomId = await lock.run(account.user, () => roomFor(from, account.user, target));
    const { eventId } = await rooms.send(roomId, { type: 'm.room.message', sender: from.userId, content });
    return { roomId, eventId };
  };

  return {
    sendNotice,

    /** To every user who can log in, one after the other. Throws M_UNKNOWN without configuration. */
    async sendNoticeToAll(content: JsonObject): Promise<NoticesToAll> {
      const from = await theAuthor();
      const failed: UserId[] = [];
      let sent = 0;
      let page = await accounts.listAccounts('', ACCOUNTS_PAGE);
      while (page.length > 0) {
        const people = page.filter(
          (account) =>
            account.deactivatedTs === null &&
            account.isGuest === 0 &&
            account.appservice === null &&
            account.userId !== from.userId,
        );
        for (const { userId: target } of people) {
          const outcome = await sendNotice(target, content).catch((err: unknown) => {
            log.warn({ err, userId: target }, 'A server notice could not be sent.');
          });
          if (outcome) sent += 1;
          else failed.push(target);
        }
        page = await accounts.listAccounts(page.at(-1)!.userId, ACCOUNTS_PAGE);
      }
      return { sent, failed };
    },

    /** The account is made at start, before somebody else registers its name. */
    async prepareNotices(): Promise<void> {
      if (userId === undefined) return;
      await theAuthor().catch((err: unknown) => log.error({ err }, 'Server notices cannot be sent.'));
    },

    /**
     * "Attempting to reject the invite must result in a M_CANNOT_LEAVE_SERVER_NOTICE_ROOM error. Servers should not prevent the
     * user leaving the room after joining", but may.
     */
    async checkMayLeave({ user, userId: leaving }: Actor, roomId: RoomId): Promise<void> {
      if (userId === undefined || (await db.read((tx) => noticeRoomOf(tx, user))) !== roomId) return;
      const membership = await (await rooms.view(roomId)).membershipOf(leaving);
      if (membership === 'invite') throw cannotLeaveNoticeRoom('An invite from the server itself cannot be declined.');
      if (membership === 'join' && !config.mayLeave) {
        throw cannotLeaveNoticeRoom('The room in which the server tells you things cannot be left.');
      }
    },
  };
};
