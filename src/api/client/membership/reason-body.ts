// The bodies of requests about membership.

import { Type } from '../../../lib/json-schema.ts';
import { invalidParam } from '../../../protocol/errors/matrix-error.ts';
import type { UserId } from '../../../protocol/ids/branded.ts';
import { isUserId } from '../../../protocol/ids/user-id.ts';

export const reasonBody = Type.Object({ reason: Type.Optional(Type.String()) });

export const targetBody = Type.Object({ user_id: Type.String(), reason: Type.Optional(Type.String()) });

/** Throws M_INVALID_PARAM. */
export const targetOf = ({ user_id: userId }: { user_id: string }): UserId => {
  if (!isUserId(userId)) throw invalidParam('user_id is not a user ID.');
  return userId;
};
