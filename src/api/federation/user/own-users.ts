// What another server asks about users, for those users who are this server's.

import { invalidParam } from '../../../protocol/errors/matrix-error.ts';
import type { ServerName, UserId } from '../../../protocol/ids/branded.ts';
import { serverOf } from '../../../protocol/ids/id-parts.ts';
import { isUserId } from '../../../protocol/ids/user-id.ts';

/** More are asked for in several requests. */
const USERS_MAX = 5_000;

/** "Requested users must be local to the receiving homeserver": others are passed over. Throws M_INVALID_PARAM for too many. */
export const ownUsers = <T>(asked: Readonly<Record<string, T>>, own: ServerName): Map<UserId, T> => {
  const users = new Map<UserId, T>();
  for (const [userId, value] of Object.entries(asked)) {
    if (isUserId(userId) && serverOf(userId) === own) users.set(userId, value);
  }
  if (users.size > USERS_MAX) throw invalidParam(`At most ${USERS_MAX} users can be asked for at once.`);
  return users;
};
