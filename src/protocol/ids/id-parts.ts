// The two parts of an identifier `&localpart:domain`, for user ids, aliases, and room and event ids that have a domain.
// Appendices, "Common Identifier Format".

import type { EventId, RoomAlias, RoomId, ServerName, UserId } from './branded.ts';

/** What stands between the sigil and the first colon, or all after the sigil when there is no domain. */
export const localpartOf = (id: UserId | RoomAlias | RoomId | EventId): string => {
  const colon = id.indexOf(':');
  return colon === -1 ? id.slice(1) : id.slice(1, colon);
};

export interface ServerOf {
  (id: UserId | RoomAlias): ServerName;
  /** undefined: room ids since version 12 and event ids since version 3 name no server. */
  (id: RoomId | EventId): ServerName | undefined;
}

/** The server that allocated the identifier. */
export const serverOf = ((id: UserId | RoomAlias | RoomId | EventId): ServerName | undefined => {
  const colon = id.indexOf(':');
  return colon === -1 ? undefined : (id.slice(colon + 1) as ServerName);
}) as ServerOf;
