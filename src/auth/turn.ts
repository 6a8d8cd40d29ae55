// Credentials for the TURN server that the configuration names. Client-Server API, "Voice over IP".

import { createHmac } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import type { UserId } from '../protocol/ids/branded.ts';

export interface TurnConfig {
  readonly uris: readonly string[];
  readonly sharedSecret?: string | undefined;
  readonly lifetimeMs: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly guests: boolean;
}

/** As it stands in the answer; `ttl` in seconds. */
export interface TurnServer {
  readonly username: string;
  readonly password: string;
  readonly ttl: number;
  readonly uris: readonly string[];
}

export const createTurn = ({ clock, config }: { clock: Clock; config: TurnConfig | undefined }) => ({
  /** undefined: there is none for this user. */
  turnServer({ userId, isGuest }: { readonly userId: UserId; readonly isGuest: boolean }): TurnServer | undefined {
    if (config === undefined || config.uris.length === 0 || (isGuest && !config.guests)) return undefined;
    const { uris, sharedSecret, username, password } = config;
    const ttl = Math.floor(config.lifetimeMs / 1000);
    if (sharedSecret !== undefined) {
      // "TURN REST API": the time at which the name ends is a part of it, and the password its HMAC with the shared secret.
      const timed = `${Math.floor(clock.now() / 1000) + ttl}:${userId}`;
      return { username: timed, password: createHmac('sha1', sharedSecret).update(timed).digest('base64'), ttl, uris };
    }
    return username === undefined || password === undefined ? undefined : { username, password, ttl, uris };
  },
});
