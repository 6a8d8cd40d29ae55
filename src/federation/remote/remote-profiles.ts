// Profiles of other servers' users, asked for when somebody looks and remembered for a moment.
// Server-Server API, GET /query/profile.

import type { Clock } from '../../lib/clock.ts';
import { LruCache } from '../../lib/lru-cache.ts';
import { singleFlight } from '../../lib/single-flight.ts';
import { PeerError } from '../../peers/peer-error.ts';
import type { Peers } from '../../peers/peers.ts';
import { remoteFailure } from '../../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';

export interface RemoteProfilesDeps {
  readonly peers: Pick<Peers, 'call'>;
  readonly clock: Clock;
}

const TIMEOUT_MS = 10_000;
/** "The total size of a profile MUST NOT exceed 64 KiB", with room for escapes. */
const PROFILE_SIZE_BYTES_MAX = 256 * 1024;
const FRESH_MS = 5 * 60_000;
const PROFILES_MAX = 5_000;

interface Known {
  /** undefined: their server knows of none. */
  readonly profile: JsonObject | undefined;
  readonly untilMs: number;
}

export const createRemoteProfiles = ({ peers, clock }: RemoteProfilesDeps) => {
  const known = new LruCache<string, Known>(PROFILES_MAX);
  const flights = singleFlight<string, JsonObject | undefined>();

  const ask = async (userId: UserId, field: string | undefined): Promise<JsonObject | undefined> => {
    const destination = serverOf(userId);
    try {
      const answer = await peers.call({
        destination,
        method: 'GET',
        path: '/_matrix/federation/v1/query/profile',
        query: { user_id: userId, field },
        timeoutMs: TIMEOUT_MS,
        responseSizeBytesMax: PROFILE_SIZE_BYTES_MAX,
        ignoresBackOff: true,
      });
      return answer.json();
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      if (error.status === 404 && error.errcode === 'M_NOT_FOUND') return undefined;
      throw remoteFailure(`${destination} did not tell the profile: ${error.message}`, { cause: error });
    }
  };

  return {
    /** All fields, or the one asked for. undefined: there is none. Throws 502 when their server does not answer. */
    async queryProfile(userId: UserId, field: string | undefined): Promise<JsonObject | undefined> {
      const key = `${userId} ${field ?? ''}`;
      const before = known.get(key);
      if (before && before.untilMs > clock.monotonic()) return before.profile;
      const profile = await flights.run(key, () => ask(userId, field));
      known.set(key, { profile, untilMs: clock.monotonic() + FRESH_MS });
      return profile;
    },
  };
};

export type RemoteProfiles = ReturnType<typeof createRemoteProfiles>;
