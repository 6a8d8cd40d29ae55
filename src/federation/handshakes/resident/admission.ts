// Whether this server vouches for a join to a restricted room. Server-Server API, "Restricted rooms".

import { forbidden, unableToAuthoriseJoin, unableToGrantJoin } from '../../../protocol/errors/matrix-error.ts';
import type { UserId } from '../../../protocol/ids/branded.ts';
import { authoriseJoin } from '../../../rooms/admission/authorise-join.ts';
import { isRestricted } from '../../../rooms/admission/join-conditions.ts';
import type { RoomView } from '../../../rooms/state/room-view.ts';
import { findUser } from '../../../storage/stores/names.ts';
import type { HandshakeDeps } from '../deps.ts';

/**
 * The member of this server for join_authorised_via_users_server; undefined: the join needs none. Throws M_FORBIDDEN,
 * M_UNABLE_TO_AUTHORISE_JOIN, M_UNABLE_TO_GRANT_JOIN.
 */
export const authoriserFor = async (
  deps: Pick<HandshakeDeps, 'db' | 'serverName'>,
  room: RoomView,
  userId: UserId,
): Promise<UserId | undefined> => {
  const [joinRules, member] = await room.pick([
    ['m.room.join_rules', ''],
    ['m.room.member', userId],
  ]);
  const membership = member?.content.membership;
  // "If membership state is join or invite, allow." Who is banned is refused by the rules.
  const needsNone = membership === 'join' || membership === 'invite' || membership === 'ban';
  if (needsNone || !isRestricted(joinRules, room.version)) return undefined;
  const user = await deps.db.read((tx) => findUser(tx, userId));
  const admission = await authoriseJoin(deps, room, joinRules, user);
  switch (admission.kind) {
    case 'authorised':
      return admission.by;
    // "If the joining server fails all conditions then a 403 M_FORBIDDEN error is used by the resident server."
    case 'refused':
      throw forbidden(`${userId} is neither invited nor in any of the rooms whose members may join this room.`);
    case 'not-known':
      throw unableToAuthoriseJoin('This server is in none of the rooms whose members may join this room.');
    case 'not-grantable':
      throw unableToGrantJoin('No member of this room on this server may invite others.');
  }
};
