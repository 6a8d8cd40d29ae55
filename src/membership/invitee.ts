// Whether somebody can be invited at all, before the room is asked. Client-Server API, "Invite permission".

import { forbidden, inviteBlocked, notFound } from '../protocol/errors/matrix-error.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import { serverOf } from '../protocol/ids/id-parts.ts';
import { findAccountData, GLOBAL } from '../storage/stores/account-data.ts';
import type { MembershipDeps } from './deps.ts';

type Deps = Pick<MembershipDeps, 'accounts' | 'db' | 'latentUsers' | 'serverName'>;

/**
 * The user's nid; undefined: an application service's user who does not exist yet. Throws M_INVITE_BLOCKED, M_NOT_FOUND for
 * nobody, M_FORBIDDEN for who cannot be reached.
 */
export const checkInvitee = async (deps: Deps, userId: UserId): Promise<number | undefined> => {
  if (serverOf(userId) !== deps.serverName) {
    throw forbidden(`${userId} is a user of another server, and this server does not federate.`);
  }
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
const blocksInvites = async ({ db }: Deps, user: number): Promise<boolean> => {
  const config = await db.read((tx) => findAccountData(tx, user, GLOBAL, 'm.invite_permission_config'));
  return config !== undefined && (JSON.parse(config) as { default_action?: unknown }).default_action === 'block';
};
