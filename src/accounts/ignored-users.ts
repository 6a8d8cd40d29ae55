// Whom a user ignores: asked for with every event they are shown. Client-Server API, "Ignoring Users".

import type { UserId } from '../protocol/ids/branded.ts';
import { ignoredUserIds } from '../storage/stores/account-data.ts';
import type { AccountsDeps } from './deps.ts';
import { createUserCache } from './user-cache.ts';

const USERS_MAX = 20_000;

/** Most users ignore nobody, and share this. */
const nobody: ReadonlySet<UserId> = new Set();

export const createIgnoredUsers = ({ db }: Pick<AccountsDeps, 'db'>) => ({
  ignoredUsers: createUserCache<ReadonlySet<UserId>>(db, USERS_MAX, async (user) => {
    const ids = await db.read((tx) => ignoredUserIds(tx, user));
    return ids.length === 0 ? nobody : new Set(ids);
  }),
});
