// The account from which the server's operators speak.

import { plainAccount } from '../../auth/new-account.ts';
import { unknownError } from '../../protocol/errors/matrix-error.ts';
import { userIdOf } from '../../protocol/ids/user-id.ts';
import type { Actor, MembershipDeps } from '../deps.ts';

export interface NoticesConfig {
  readonly localpart?: string | undefined;
  readonly displayName: string;
  readonly avatarUrl?: string | undefined;
  readonly roomName: string;
  readonly mayLeave: boolean;
}

type Deps = Pick<MembershipDeps, 'accounts' | 'serverName' | 'serverNotices'>;

/** Makes the account when it is not there, and dresses it as the configuration says. Throws M_UNKNOWN without configuration. */
const prepare = async ({ accounts, serverName, serverNotices }: Deps): Promise<Actor> => {
  const { localpart, displayName, avatarUrl } = serverNotices;
  const userId = localpart === undefined ? undefined : userIdOf(localpart, serverName);
  if (userId === undefined) throw unknownError('Server notices are not configured (serverNotices.localpart).');
  const account = await accounts.findAccount(userId);
  if (account && account.deactivatedTs !== null) throw unknownError(`${userId} is deactivated.`);
  const user = account?.user ?? (await accounts.createAccount({ ...plainAccount, userId, passwordHash: null }));
  await accounts.putProfileField(user, userId, 'displayname', displayName);
  await accounts.putProfileField(user, userId, 'avatar_url', avatarUrl ?? '');
  return { user, userId };
};

/** Once in the life of the server, unless it fails. */
export const createNoticeAuthor = (deps: Deps): (() => Promise<Actor>) => {
  let author: Promise<Actor> | undefined;
  return () => {
    author ??= prepare(deps).catch((error: unknown) => {
      author = undefined;
      throw error;
    });
    return author;
  };
};
