// Messages from the server's operators to its users, in a room of its own for each user, in which only the official account
// speaks. Client-Server API, "Server Notices".

import { keyedLock } from '../../lib/keyed-lock.ts';
import { cannotLeaveNoticeRoom, notFound } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { EventId, RoomId, UserId } from '../../protocol/ids/branded.ts';
import type { StoredAccount } from '../../storage/stores/accounts.ts';
import { noticeRoomOf } from '../../storage/stores/server-notices.ts';
import type { Actor, MembershipDeps } from '../deps.ts';
import { createNoticeAuthor } from './notice-author.ts';
import { noticeRoomFor } from './notice-room.ts';

export interface SentNotice {
  readonly roomId: RoomId;
  readonly eventId: EventId;
}

export interface NoticesToAll {
  readonly sent: number;
  /** Users who could not be told. */
  readonly failed: readonly UserId[];
}

const ACCOUNTS_PAGE = 500;

const isPerson = (account: StoredAccount): boolean =>
  account.deactivatedTs === null && account.isGuest === 0 && account.appservice === null;

export const createServerNotices = (deps: MembershipDeps) => {
  const { db, rooms, accounts, log, serverNotices } = deps;
  const theAuthor = createNoticeAuthor(deps);
  /** One room for each user, also when two notices come at once. */
  const lock = keyedLock<number>();

  /** Throws M_NOT_FOUND when there is no such user here, M_UNKNOWN without configuration, and what inviting throws. */
  const sendNotice = async (target: UserId, content: JsonObject): Promise<SentNotice> => {
    const author = await theAuthor();
    const account = await accounts.findAccount(target);
    if (!account || account.deactivatedTs !== null || target === author.userId)
      throw notFound('There is no such user.');
    const roomId = await lock.run(account.user, () => noticeRoomFor(deps, author, account));
    const { eventId } = await rooms.send(roomId, { type: 'm.room.message', sender: author.userId, content });
    return { roomId, eventId };
  };

  return {
    sendNotice,

    /** To every user who can log in, one after the other. Throws M_UNKNOWN without configuration. */
    async sendNoticeToAll(content: JsonObject): Promise<NoticesToAll> {
      const author = await theAuthor();
      const failed: UserId[] = [];
      let sent = 0;
      let page = await accounts.listAccounts('', ACCOUNTS_PAGE);
      while (page.length > 0) {
        for (const { userId } of page.filter((account) => isPerson(account) && account.userId !== author.userId)) {
          const outcome = await sendNotice(userId, content).catch((err: unknown) => {
            log.warn({ err, userId }, 'A server notice could not be sent.');
          });
          if (outcome) sent += 1;
          else failed.push(userId);
        }
        page = await accounts.listAccounts(page.at(-1)!.userId, ACCOUNTS_PAGE);
      }
      return { sent, failed };
    },

    /** The account is made at start, before somebody else registers its name. */
    async prepareNotices(): Promise<void> {
      if (serverNotices.localpart === undefined) return;
      await theAuthor().catch((err: unknown) => log.error({ err }, 'Server notices cannot be sent.'));
    },

    /**
     * "Attempting to reject the invite must result in a M_CANNOT_LEAVE_SERVER_NOTICE_ROOM error. Servers should not prevent the
     * user leaving the room after joining", but may.
     */
    async checkMayLeave({ user, userId }: Actor, roomId: RoomId): Promise<void> {
      if (serverNotices.localpart === undefined) return;
      if ((await db.read((tx) => noticeRoomOf(tx, user))) !== roomId) return;
      const membership = await (await rooms.view(roomId)).membershipOf(userId);
      if (membership === 'invite') throw cannotLeaveNoticeRoom('An invite from the server itself cannot be declined.');
      if (membership === 'join' && !serverNotices.mayLeave) {
        throw cannotLeaveNoticeRoom('The room in which the server tells you things cannot be left.');
      }
    },
  };
};
