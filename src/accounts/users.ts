// Accounts as such: whether they exist, what they may, their end.

import { exclusive, forbidden, invalidParam, notFound, userInUse } from '../protocol/errors/matrix-error.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import { serverOf } from '../protocol/ids/id-parts.ts';
import type { AccountFlags, NewAccount, StoredAccount } from '../storage/stores/accounts.ts';
import {
  accountOf,
  createAccount,
  deactivateAccount,
  deactivatedWithRooms,
  findAccount,
  listAccounts,
  setAccountFlags,
} from '../storage/stores/accounts.ts';
import { purgeDeletedKeyBackups } from '../storage/stores/key-backups.ts';
import type { AccountsDeps } from './deps.ts';
import { localUserIds, newUserId } from './user-ids.ts';

export const createUsers = ({ db, clock, log, serverName, ports }: AccountsDeps) => {
  const find = (userId: UserId): Promise<StoredAccount | undefined> => db.read((tx) => findAccount(tx, userId));

  const depart = (user: number, userId: UserId): Promise<void> =>
    ports.leaveEverything(user, userId).catch((err: unknown) => {
      log.error({ err, userId }, 'A deactivated user could not leave all rooms; the next start tries again.');
    });

  return {
    serverName,
    isLocal: (userId: UserId): boolean => serverOf(userId) === serverName,
    /** Whether the user lies in the application service's namespaces. */
    isCovered: (appservice: string, userId: UserId): boolean => ports.covers(appservice, userId),

    /** Also deactivated accounts. */
    findAccount: find,
    accountOf: (user: number): Promise<StoredAccount | undefined> => db.read((tx) => accountOf(tx, user)),
    /** In the order of their user ids. */
    listAccounts: (after: string, limit: number): Promise<StoredAccount[]> =>
      db.read((tx) => listAccounts(tx, after, limit)),

    /** The account that a person names by localpart or full id; exact spelling goes before lower case. */
    async accountNamed(user: string): Promise<StoredAccount | undefined> {
      const candidates = localUserIds(user, serverName);
      return db.read(async (tx) => {
        for (const userId of candidates) {
          const account = await findAccount(tx, userId);
          if (account) return account;
        }
        return undefined;
      });
    },

    /**
     * The user id a new account with this name gets. Throws M_INVALID_USERNAME, M_USER_IN_USE, and M_EXCLUSIVE when an
     * application service (other than `appservice`) claims it; for `appservice`, when it does not lie in its namespaces.
     */
    async freeUserId(username: string, appservice?: string): Promise<UserId> {
      const userId = appservice === undefined ? newUserId(username, serverName) : claimedUserId(username, appservice);
      const owner = ports.exclusiveOwnerOf(userId);
      if (owner !== undefined && owner !== appservice)
        throw exclusive('This user ID is reserved by an application service.');
      if (await find(userId)) throw userInUse('User ID already taken.');
      return userId;
    },

    /** The nid. Throws M_USER_IN_USE, M_FORBIDDEN for a registration token that is used up. */
    createAccount: (account: Omit<NewAccount, 'now'>): Promise<number> =>
      db.write(createAccount, { ...account, now: clock.now() }),

    setAccountFlags: (user: number, flags: AccountFlags): Promise<void> => db.write(setAccountFlags, { user, flags }),

    /** The devices that ended with the account; undefined: it was deactivated before. Rooms are left in the background. */
    async deactivate(user: number, userId: UserId, erase: boolean): Promise<string[] | undefined> {
      const devices = await db.write(deactivateAccount, { user, erase, now: clock.now() });
      if (!devices) return undefined;
      void depart(user, userId);
      while (await db.write(purgeDeletedKeyBackups, undefined));
      return devices;
    },

    /** At start, one after the other: deactivations that were cut off before all rooms were left. */
    async finishDeactivations(): Promise<void> {
      for (const { user, userId } of await db.read(deactivatedWithRooms)) await depart(user, userId);
    },

    /**
     * The account an administrator acts upon. Throws M_INVALID_PARAM for other servers' users, M_NOT_FOUND for no account or a
     * deactivated one, M_FORBIDDEN for an administrator's.
     */
    async moderatedAccount(userId: UserId): Promise<StoredAccount> {
      if (serverOf(userId) !== serverName) throw invalidParam('The user does not belong to this server.');
      const account = await find(userId);
      if (!account || account.deactivatedTs !== null) throw notFound('There is no such user.');
      if (account.isAdmin) throw forbidden('The user is an administrator.');
      return account;
    },
  };

  function claimedUserId(username: string, appservice: string): UserId {
    const [userId] = localUserIds(username.toLowerCase(), serverName);
    if (userId === undefined || !ports.covers(appservice, userId)) {
      throw exclusive('The user ID does not lie in the namespaces of the application service.');
    }
    return userId;
  }
};
