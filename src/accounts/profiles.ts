// Profiles: kept for this server's users, asked for elsewhere. Client-Server API, "Profiles".

import { notFound } from '../protocol/errors/matrix-error.ts';
import type { Json, JsonObject } from '../protocol/events/json.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import { serverOf } from '../protocol/ids/id-parts.ts';
import { findAccount } from '../storage/stores/accounts.ts';
import type { Profile } from '../storage/stores/profiles.ts';
import { deleteProfileField, profileFieldsOf, profileOf, putProfileField } from '../storage/stores/profiles.ts';
import type { AccountsDeps } from './deps.ts';
import { isMemberField } from './profile-fields.ts';

export const createProfiles = ({ db, serverName, ports }: AccountsDeps) => {
  const localProfile = (userId: UserId): Promise<JsonObject> =>
    db.read(async (tx) => {
      const account = await findAccount(tx, userId);
      if (!account || account.deactivatedTs !== null) throw notFound('There is no such user.');
      const fields = await profileFieldsOf(tx, account.user);
      return Object.fromEntries(fields.map(({ name, value }) => [name, JSON.parse(value) as Json]));
    });

  const queryProfile = async (userId: UserId, field?: string): Promise<JsonObject> => {
    if (serverOf(userId) === serverName) return localProfile(userId);
    const profile = await ports.queryProfile(userId, field);
    if (!profile) throw notFound('The user has no profile.');
    return profile;
  };

  const propagate = async (user: number, userId: UserId, name: string): Promise<void> => {
    if (isMemberField(name)) await ports.propagateProfile(user, userId);
  };

  const remove = async (user: number, userId: UserId, name: string): Promise<void> => {
    if (await db.write(deleteProfileField, { user, userId, name })) await propagate(user, userId, name);
  };

  return {
    /** displayname and avatar_url of a local user, for member events. */
    profileOf: (user: number): Promise<Profile> => db.read((tx) => profileOf(tx, user)),

    /** All fields of a user here; for other servers' questions. Throws M_NOT_FOUND. */
    localProfile,

    /** All fields of any user. Throws M_NOT_FOUND. */
    queryProfile: (userId: UserId): Promise<JsonObject> => queryProfile(userId),

    /** `{<name>: value}`. Throws M_NOT_FOUND. */
    async queryProfileField(userId: UserId, name: string): Promise<JsonObject> {
      const profile = await queryProfile(userId, name);
      const value = Object.hasOwn(profile, name) ? profile[name] : undefined;
      if (value === undefined) throw notFound('The profile has no such field.');
      return { [name]: value };
    },

    /** Name and value are checked already (profile-fields.ts). An empty displayname or avatar_url removes it. Throws M_PROFILE_TOO_LARGE. */
    async putProfileField(user: number, userId: UserId, name: string, value: Json): Promise<void> {
      if (value === '' && isMemberField(name)) return remove(user, userId, name);
      const changed = await db.write(putProfileField, { user, userId, name, value: JSON.stringify(value) });
      if (changed) await propagate(user, userId, name);
    },

    /** Does nothing when it is not there. */
    deleteProfileField: remove,
  };
};
