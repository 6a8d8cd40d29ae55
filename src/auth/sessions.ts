// Sessions: an access token for a device, from login to logout. Client-Server API, "Relationship between access tokens and
// devices" and "Refreshing access tokens".

import { checkDeviceName } from '../accounts/devices.ts';
import type { Clock } from '../lib/clock.ts';
import { randomUpperLetters } from '../lib/random.ts';
import { parseDeviceId } from '../protocol/ids/device-id.ts';
import type { Database } from '../storage/database.ts';
import { deleteDevices } from '../storage/stores/device-removal.ts';
import { deviceIdsOf, inactiveDevices } from '../storage/stores/devices.ts';
import { refreshSession, startSession, type TokenPair } from '../storage/stores/session-tokens.ts';
import { shortAgent } from './short-agent.ts';
import { hashToken, newToken } from './tokens.ts';

export interface SessionsConfig {
  readonly accessTokenLifetimeMs: number;
  /** 0: for ever. */
  readonly refreshTokenLifetimeMs: number;
  /** 0: for ever. */
  readonly inactiveSessionLifetimeMs: number;
}

/** Where a request came from. */
export interface Origin {
  readonly address: string;
  /** The User-Agent. */
  readonly agent: string | undefined;
}

/** What a client asks of its new session; as in /login and /register. */
export interface SessionWishes {
  readonly deviceId?: string | undefined;
  readonly displayName?: string | undefined;
  /** The client can refresh tokens; only then they expire. */
  readonly refreshes?: boolean | undefined;
  /** Where the device is seen for the first time; undefined: it does not ask by itself. */
  readonly origin?: Origin | undefined;
}

/** As it stands in answers. */
export interface IssuedTokens {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly expires_in_ms?: number;
}

/** Devices that one write of the sweep ends. */
const SWEEP_BATCH = 100;

export const createSessions = ({ db, clock, config }: { db: Database; clock: Clock; config: SessionsConfig }) => {
  const issue = (refreshes: boolean): { tokens: IssuedTokens; pair: TokenPair } => {
    const access = newToken('access');
    const accessHash = hashToken(access);
    if (!refreshes) {
      const pair = { accessHash, accessExpiresTs: null, refreshHash: null, refreshExpiresTs: null };
      return { tokens: { access_token: access }, pair };
    }
    const refresh = newToken('refresh');
    const now = clock.now();
    return {
      tokens: { access_token: access, refresh_token: refresh, expires_in_ms: config.accessTokenLifetimeMs },
      pair: {
        accessHash,
        accessExpiresTs: now + config.accessTokenLifetimeMs,
        refreshHash: hashToken(refresh),
        refreshExpiresTs: config.refreshTokenLifetimeMs === 0 ? null : now + config.refreshTokenLifetimeMs,
      },
    };
  };

  return {
    /** Logs a device in; a session it had before ends. Throws M_INVALID_PARAM, M_USER_DEACTIVATED. */
    async openSession(user: number, wishes: SessionWishes): Promise<IssuedTokens & { device_id: string }> {
      const deviceId = wishes.deviceId === undefined ? randomUpperLetters(10) : parseDeviceId(wishes.deviceId);
      const displayName = wishes.displayName === undefined ? null : checkDeviceName(wishes.displayName);
      const { tokens, pair } = issue(wishes.refreshes === true);
      const seen = wishes.origin && { address: wishes.origin.address, agent: shortAgent(wishes.origin.agent) };
      await db.write(startSession, { user, deviceId, displayName, pair, seen, now: clock.now() });
      return { ...tokens, device_id: deviceId };
    },

    /** Throws M_UNKNOWN_TOKEN, with soft_logout for a refresh token that has expired. */
    async refresh(refreshToken: string): Promise<IssuedTokens> {
      const { tokens, pair } = issue(true);
      await db.write(refreshSession, { refreshHash: hashToken(refreshToken), pair, now: clock.now() });
      return tokens;
    },

    /** Ends the device with all that hangs on it. */
    async logout(user: number, deviceId: string): Promise<void> {
      await db.write(deleteDevices, { user, deviceIds: [deviceId] });
    },

    /** Ends every device but the one to keep. */
    async logoutAll(user: number, keptDeviceId?: string): Promise<void> {
      const deviceIds = (await db.read((tx) => deviceIdsOf(tx, user))).filter((id) => id !== keptDeviceId);
      await db.write(deleteDevices, { user, deviceIds });
    },

    /** Ends sessions that were not used for longer than the configuration allows; to be called now and then. */
    async endInactiveSessions(): Promise<void> {
      if (config.inactiveSessionLifetimeMs === 0) return;
      const before = clock.now() - config.inactiveSessionLifetimeMs;
      let devices: Awaited<ReturnType<typeof inactiveDevices>>;
      do {
        devices = await db.read((tx) => inactiveDevices(tx, before, SWEEP_BATCH));
        for (const { user, deviceId } of devices) await db.write(deleteDevices, { user, deviceIds: [deviceId] });
      } while (devices.length === SWEEP_BATCH);
    },
  };
};

export type Sessions = ReturnType<typeof createSessions>;
