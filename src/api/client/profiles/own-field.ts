// Which profile fields a caller may change.

import { checkFieldName } from '../../../accounts/profile-fields.ts';
import type { Caller } from '../../../http/inbound/endpoint.ts';
import { forbidden, guestAccessForbidden } from '../../../protocol/errors/matrix-error.ts';
import type { UserId } from '../../../protocol/ids/branded.ts';

/** "Guest users may only modify their display name; other profile fields may not be changed." Throws M_FORBIDDEN and its kind. */
export const ownField = (caller: Caller, userId: UserId, keyName: string): string => {
  if (caller.userId !== userId) throw forbidden("Only the user may change the user's profile.");
  if (caller.isGuest && keyName !== 'displayname') throw guestAccessForbidden('Guests may only change their name.');
  return checkFieldName(keyName);
};
