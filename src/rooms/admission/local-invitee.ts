// Whether a user of this server can be invited at all, before the room is asked. Client-Server API, "Invite permission".

import type { Accounts } from '../../accounts/accounts.ts';
import { forbidden, inviteBlocked, notFound } from '../../protocol/errors/matrix-error.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { Database } from '../../storage/database.ts';
import { findAccountData, GLOBAL } from '../../storage/stores/account-data.ts';

export interface InviteeDeps {
  readonly db: Database;
  readonly accounts: Pick<Accounts, 'findAccount'>;
  readonly latentUsers: LatentUsers;
}

/** Whom an application service may bring to life when somebody invites them. */
export interface LatentUsers {
  /** The id of the application service that claims this user id for itself alone. */
  exclusiveOwnerOf(userId: UserId): string | undefined;
}

/**
 * The user's nid; undefined: an application service's user who does not exist yet. Throws M_INVITE_BLOCKED, M_NOT_FOUND for
 * nobody, M_FORBIDDEN for who cannot be reached.
 */
export const checkLocalInvitee = async (deps: InviteeDeps, userId: UserId): Promise<number | undefined> => {
  const account = await deps.accounts.findAccount(userId);
  if (!account) {
    if (deps.latentUsers.exclusiveOwnerOf(userId) !== undefined) return undefined;
    throw notFound(`There is no user ${userId}.`);
  }
  if (account.deactivatedTs !== null) throw forbidden(`The account ${userId} is deactivated.`);
  if (await blocksInvites(deps, account.user)) throw inviteBlocked(`${userId} does not accept invites.`);
  return account.user;
};

/** m.invite_permission_config: "default_action … block". */
const blocksInvites = async ({ db }: InviteeDeps, user: number): Promise<boolean> => {
  const config = await db.read((tx) => findAccountData(tx, user, GLOBAL, 'm.invite_permission_config'));
  return config !== undefined && (JSON.parse(config) as { default_action?: unknown }).default_action === 'block';
};
