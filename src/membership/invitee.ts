// Whether somebody can be invited at all, before the room is asked.

import { forbidden } from '../protocol/errors/matrix-error.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import { serverOf } from '../protocol/ids/id-parts.ts';
import { checkLocalInvitee } from '../rooms/admission/local-invitee.ts';
import type { MembershipDeps } from './deps.ts';

export type Invitee =
  /** The user's nid; undefined: an application service's user who does not exist yet. */
  | { readonly isLocal: true; readonly user: number | undefined }
  /** Their server is asked when the invite is made. */
  | { readonly isLocal: false };

/** Throws as checkLocalInvitee, and M_FORBIDDEN for users of servers that this one does not talk with. */
export const checkInvitee = async (
  deps: Pick<MembershipDeps, 'accounts' | 'db' | 'latentUsers' | 'serverName' | 'remote'>,
  userId: UserId,
): Promise<Invitee> => {
  const server = serverOf(userId);
  if (server === deps.serverName) return { isLocal: true, user: await checkLocalInvitee(deps, userId) };
  if (!deps.remote.reaches(server)) throw forbidden(`This server does not talk with ${server}.`);
  return { isLocal: false };
};
