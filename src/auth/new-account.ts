// What every way of making an account shares. Client-Server API, "Account registration".

import type { JsonObject } from '../protocol/events/json.ts';
import type { ServerName, UserId } from '../protocol/ids/branded.ts';
import type { IssuedTokens, Origin, Sessions } from './sessions.ts';

/** The answer of /register. */
export type Registered = { readonly user_id: UserId; readonly home_server: ServerName } & Partial<
  IssuedTokens & { readonly device_id: string }
>;

/** Overridden by what a new account has beyond. */
export const plainAccount = {
  isGuest: false,
  isAdmin: false,
  appservice: null,
  displayname: null,
  termsVersion: null,
  registrationToken: null,
} as const;

/** The member when it is a text. */
export const textOf = (body: JsonObject, name: string): string | undefined => {
  const value = body[name];
  return typeof value === 'string' ? value : undefined;
};

/** The new user's first session, unless the body says `inhibit_login`. */
export type Enter = (user: number, userId: UserId, body: JsonObject, origin?: Origin) => Promise<Registered>;

export const createEnter =
  ({ serverName, sessions }: { serverName: ServerName; sessions: Sessions }): Enter =>
  async (user, userId, body, origin) => {
    const answer = { user_id: userId, home_server: serverName };
    if (body.inhibit_login === true) return answer;
    const session = await sessions.openSession(user, {
      deviceId: textOf(body, 'device_id'),
      displayName: textOf(body, 'initial_device_display_name'),
      refreshes: body.refresh_token === true,
      origin,
    });
    return { ...answer, ...session };
  };
