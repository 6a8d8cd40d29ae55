// The user id in a path that can only be the caller's own.

import type { Caller } from '../../../http/inbound/endpoint.ts';
import { forbidden } from '../../../protocol/errors/matrix-error.ts';
import type { UserId } from '../../../protocol/ids/branded.ts';

/** Throws M_FORBIDDEN: "The access token provided is not authorised" for another user. */
export const checkOwnUser = (caller: Caller, userId: UserId): void => {
  if (caller.userId !== userId) throw forbidden("Another user's data cannot be reached.");
};
