// User ids, strict (for accounts made here) and historical (as other servers' events carry them).
// Appendices, "User Identifiers" and "Historical User IDs".

import { invalidParam } from '../errors/matrix-error.ts';
import type { ServerName, UserId } from './branded.ts';
import { fitsIdLimit } from './byte-limit.ts';
import { isIdWithServer } from './opaque-id.ts';

/**
 * strict: the grammar of new user ids. compliant: historical, but neither empty nor outside U+0021 to U+007E; only such ids
 * go to clients outside of an event. historical: whatever an event may have as its sender.
 */
export type UserIdMode = 'strict' | 'compliant' | 'historical';

export const isUserId = (text: string, mode: UserIdMode = 'historical'): text is UserId => {
  if (!isIdWithServer(text, '@')) return false;
  if (mode === 'historical') return true;
  const localpart = text.slice(1, text.indexOf(':'));
  return mode === 'strict' ? isStrictLocalpart(localpart) : isCompliantLocalpart(localpart);
};

/** Throws M_INVALID_PARAM when `text` is not a user id. */
export const parseUserId = (text: string, mode: UserIdMode = 'historical'): UserId => {
  if (!isUserId(text, mode)) throw invalidParam('Not a user ID');
  return text;
};

/** "MUST contain only the characters a-z, 0-9, ., _, =, -, /, and +" and not be empty. */
export const isStrictLocalpart = (localpart: string): boolean => /^[a-z0-9._=\-/+]+$/.test(localpart);

const isCompliantLocalpart = (localpart: string): boolean => /^[!-~]+$/.test(localpart);

/** undefined: the localpart breaks the strict grammar or the id would exceed 255 bytes. */
export const userIdOf = (localpart: string, server: ServerName): UserId | undefined => {
  const id = `@${localpart}:${server}`;
  return isStrictLocalpart(localpart) && fitsIdLimit(id) ? (id as UserId) : undefined;
};
