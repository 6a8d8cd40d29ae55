// Bodies that are maps by user id, which a schema cannot check.

import { invalidParam } from '../../../protocol/errors/matrix-error.ts';
import type { UserId } from '../../../protocol/ids/branded.ts';
import { isUserId } from '../../../protocol/ids/user-id.ts';

/** Throws M_INVALID_PARAM for a key that is not a user id. */
export const byUserId = <T>(object: Readonly<Record<string, T>>): Map<UserId, T> => {
  const map = new Map<UserId, T>();
  for (const [userId, value] of Object.entries(object)) {
    if (!isUserId(userId)) throw invalidParam(`Not a user ID: ${userId.slice(0, 255)}`);
    map.set(userId, value);
  }
  return map;
};
