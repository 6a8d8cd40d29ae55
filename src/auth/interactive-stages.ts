// The stages of interactive authentication that this server knows. Client-Server API, "Authentication types".

import { localUserIds } from '../accounts/user-ids.ts';
import type { Clock } from '../lib/clock.ts';
import { forbidden } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { ServerName, UserId } from '../protocol/ids/branded.ts';
import type { Database } from '../storage/database.ts';
import { accountOf } from '../storage/stores/accounts.ts';
import { isRegistrationTokenValid } from '../storage/stores/registration-tokens.ts';
import type { Attempts } from './attempts.ts';
import type { Refusal } from './interactive-error.ts';
import type { Passwords } from './passwords.ts';
import { type Terms, termsParams, termsVersion } from './terms.ts';

/** What a completed stage proved, kept with the session; or why it failed. */
export type StageResult = { readonly proof: string } | { readonly refusal: Refusal };

/** Who is authenticating: undefined for registration. */
export type Owner = { readonly user: number; readonly userId: UserId } | undefined;

export interface Stage {
  /** What clients have to know beforehand. */
  readonly params?: JsonObject;
  check(auth: JsonObject, owner: Owner): Promise<StageResult>;
}

const refused = (error: string): StageResult => ({ refusal: { errcode: 'M_FORBIDDEN', error } });

/** "<user_id or user localpart>", or the older `user`. undefined: somebody that cannot be one of our users. */
export const namedUser = (auth: JsonObject): string | undefined => {
  const { identifier } = auth;
  if (identifier === undefined || identifier === null) return typeof auth.user === 'string' ? auth.user : undefined;
  if (typeof identifier !== 'object' || Array.isArray(identifier) || identifier.type !== 'm.id.user') return undefined;
  return typeof identifier.user === 'string' ? identifier.user : undefined;
};

export interface StagesDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly passwords: Passwords;
  readonly attempts: Attempts;
  readonly terms: Terms;
}

const passwordStage = ({ db, serverName, passwords, attempts }: StagesDeps): Stage => ({
  async check(auth, owner) {
    if (!owner) return refused('Nobody is logged in.');
    const named = namedUser(auth);
    const isOwner = named === undefined || localUserIds(named, serverName).includes(owner.userId);
    // Somebody else's password does not open the owner's account, however often it is repeated.
    if (!isOwner || (named === undefined && auth.identifier)) throw forbidden('This is not the user who is logged in.');
    const { password } = auth;
    if (typeof password !== 'string') return refused('The password is missing.');
    const account = await db.read((tx) => accountOf(tx, owner.user));
    const isRight = await attempts.attempt(owner.userId, () => passwords.verify(password, account?.passwordHash));
    return isRight ? { proof: owner.userId } : refused('Invalid password');
  },
});

const registrationTokenStage = ({ db, clock }: StagesDeps): Stage => ({
  async check(auth) {
    const { token } = auth;
    if (typeof token !== 'string' || !/^[A-Za-z0-9._~-]{1,64}$/.test(token))
      return refused('Invalid registration token');
    const isValid = await db.read((tx) => isRegistrationTokenValid(tx, token, clock.now()));
    return isValid ? { proof: token } : refused('Invalid registration token');
  },
});

export const createStages = (deps: StagesDeps): ReadonlyMap<string, Stage> =>
  new Map<string, Stage>([
    ['m.login.password', passwordStage(deps)],
    // "Dummy authentication always succeeds and requires no extra parameters."
    ['m.login.dummy', { check: async () => ({ proof: '' }) }],
    ['m.login.registration_token', registrationTokenStage(deps)],
    ['m.login.terms', { params: termsParams(deps.terms), check: async () => ({ proof: termsVersion(deps.terms) }) }],
  ]);
