// The content of m.room.member events that this server makes.

import type { JsonObject } from '../protocol/events/json.ts';
import type { MembershipState } from '../storage/stores/memberships.ts';
import type { MembershipDeps } from './deps.ts';

/** What only a server says in a member event, and what belongs to the request and not to the event. */
const NOT_FROM_CLIENTS: ReadonlySet<string> = new Set([
  'membership',
  'join_authorised_via_users_server',
  'third_party_signed',
]);

/** What a client may add to a member event. */
export const clientContent = (content: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(content).filter(([key]) => !NOT_FROM_CLIENTS.has(key)));

/** `{reason}`, or nothing without one. */
export const withReason = (reason: string | undefined): JsonObject => (reason === undefined ? {} : { reason });

/** Content with the profile of a local user, where `content` says nothing else. user: their nid; undefined: no profile. */
export const memberContent = async (
  { accounts }: Pick<MembershipDeps, 'accounts'>,
  user: number | undefined,
  membership: MembershipState,
  content: JsonObject,
): Promise<JsonObject> => {
  const { displayname, avatarUrl } = user === undefined ? {} : await accounts.profileOf(user);
  return {
    ...(displayname !== undefined && { displayname }),
    ...(avatarUrl !== undefined && { avatar_url: avatarUrl }),
    ...clientContent(content),
    membership,
  };
};
