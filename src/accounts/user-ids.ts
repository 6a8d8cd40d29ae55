// User ids of this server from what people type. Client-Server API, "Account registration"; Appendices, "User Identifiers".

import { invalidUsername } from '../protocol/errors/matrix-error.ts';
import type { ServerName, UserId } from '../protocol/ids/branded.ts';
import { localpartOf, serverOf } from '../protocol/ids/id-parts.ts';
import { isUserId, userIdOf } from '../protocol/ids/user-id.ts';

/** Usernames are taken in any case: "servers must … downcase usernames when creating user IDs for new users". */
export const newUserId = (username: string, serverName: ServerName): UserId => {
  const userId = userIdOf(username.toLowerCase(), serverName);
  if (userId === undefined) {
    throw invalidUsername('User names may hold only a-z, 0-9 and the characters . _ = - / + and must not be too long.');
  }
  // By convention these belong to bridges.
  if (username.startsWith('_')) throw invalidUsername('User names must not begin with an underscore.');
  return userId;
};

/**
 * The candidates for `m.id.user`, "<user_id or user localpart>": as written, then in lower case, for accounts older than the
 * rule. Empty: no user of this server can be meant.
 */
export const localUserIds = (user: string, serverName: ServerName): UserId[] => {
  const text = user.startsWith('@') ? user : `@${user}:${serverName}`;
  if (!isUserId(text) || serverOf(text) !== serverName) return [];
  const lowered = `@${localpartOf(text).toLowerCase()}:${serverName}` as UserId;
  return text === lowered ? [text] : [text, lowered];
};
