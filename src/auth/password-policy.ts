// What a new password must be. Client-Server API, "Password management": "Servers MAY reject weak passwords".

import { weakPassword } from '../protocol/errors/matrix-error.ts';

export interface PasswordPolicy {
  readonly minimumLength: number;
  readonly requireDigit: boolean;
  readonly requireSymbol: boolean;
  readonly requireUppercase: boolean;
  readonly requireLowercase: boolean;
}

/** Throws M_WEAK_PASSWORD, naming everything that is missing. */
export const checkPasswordPolicy = (password: string, policy: PasswordPolicy): void => {
  const wants: string[] = [];
  if (Array.from(password).length < policy.minimumLength) wants.push(`at least ${policy.minimumLength} characters`);
  if (policy.requireDigit && !/\p{N}/u.test(password)) wants.push('a digit');
  if (policy.requireSymbol && !/[^\p{L}\p{N}\p{M}]/u.test(password)) wants.push('a symbol');
  if (policy.requireUppercase && !/\p{Lu}/u.test(password)) wants.push('an upper-case letter');
  if (policy.requireLowercase && !/\p{Ll}/u.test(password)) wants.push('a lower-case letter');
  if (wants.length > 0) throw weakPassword(`The password needs ${wants.join(', ')}.`);
};
