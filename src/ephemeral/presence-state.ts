// What is known of one user's presence, and what that comes to. Client-Server API, "Presence".

import type { JsonObject } from '../protocol/events/json.ts';
import type { UserId } from '../protocol/ids/branded.ts';

const presenceNames = ['online', 'unavailable', 'offline'] as const;
export type PresenceName = (typeof presenceNames)[number];

/** "The server will automatically set a user's presence to unavailable if their last active time was over a threshold value". */
const IDLE_MS = 5 * 60_000;
/** For so long after something was done a user is "currently active". */
const CURRENTLY_ACTIVE_MS = 60_000;
/** A device that stopped syncing is offline after this. */
const SYNC_GRACE_MS = 30_000;
/** What another server said of its user holds for this long. */
const REMOTE_MS = 35 * 60_000;
/** Devices of one user that are told apart. */
const DEVICES_MAX = 100;

interface DevicePresence {
  presence: PresenceName;
  /** Long polls that are open. */
  syncs: number;
  /** Without an open one it counts until then. Milliseconds since the epoch. */
  until: number;
}

/** What others see. */
export interface ShownPresence {
  readonly presence: PresenceName;
  readonly currentlyActive: boolean;
}

export interface UserPresence {
  readonly user: number;
  readonly userId: UserId;
  readonly devices: Map<number, DevicePresence>;
  /** Of other servers' users: what their server said, and until when that holds. */
  remote: (ShownPresence & { readonly until: number }) | undefined;
  statusMsg: string | undefined;
  /** Whether the status message was set since the start of the process. */
  hasSpoken: boolean;
  /** Milliseconds since the epoch; undefined: never seen. */
  lastActiveTs: number | undefined;
  shown: ShownPresence;
  /** Of the last change that others see. */
  version: number;
}

export const offline: ShownPresence = { presence: 'offline', currentlyActive: false };

export const newUserPresence = (user: number, userId: UserId): UserPresence => ({
  user,
  userId,
  devices: new Map(),
  remote: undefined,
  statusMsg: undefined,
  hasSpoken: false,
  lastActiveTs: undefined,
  shown: offline,
  version: 0,
});

/** What a device says of itself, by a request or (`isSync`) for as long as it polls. */
export const setDevice = (
  state: UserPresence,
  device: number,
  presence: PresenceName,
  now: number,
  isSync: boolean,
): void => {
  const known = state.devices.get(device);
  if (!known && state.devices.size >= DEVICES_MAX) return;
  // "changing presence state to online" is a pro-active event, but polling on is none.
  if (presence === 'online' && (!isSync || state.shown.presence === 'offline')) state.lastActiveTs = now;
  state.devices.set(device, { presence, syncs: (known?.syncs ?? 0) + (isSync ? 1 : 0), until: now + SYNC_GRACE_MS });
};

export const endSync = (state: UserPresence, device: number, now: number): void => {
  const known = state.devices.get(device);
  if (!known) return;
  known.syncs -= 1;
  known.until = now + SYNC_GRACE_MS;
};

/** "Any activity … will cause the server to automatically set their presence to online." */
export const setActive = (state: UserPresence, device: number, now: number): void => {
  state.lastActiveTs = now;
  const known = state.devices.get(device);
  if (known?.presence === 'unavailable') known.presence = 'online';
};

export const setRemote = (state: UserPresence, shown: ShownPresence, now: number): void => {
  state.remote = { ...shown, until: now + REMOTE_MS };
};

/** What it comes to now. Forgets devices that are gone. */
export const presenceAt = (state: UserPresence, now: number): ShownPresence => {
  if (state.remote) return state.remote.until > now ? state.remote : offline;
  let best: PresenceName = 'offline';
  for (const [device, { presence, syncs, until }] of state.devices) {
    if (syncs <= 0 && until <= now) state.devices.delete(device);
    else if (presenceNames.indexOf(presence) < presenceNames.indexOf(best)) best = presence;
  }
  const idleMs = now - (state.lastActiveTs ?? 0);
  if (best !== 'online') return { presence: best, currentlyActive: false };
  if (idleMs >= IDLE_MS) return { presence: 'unavailable', currentlyActive: false };
  return { presence: 'online', currentlyActive: idleMs < CURRENTLY_ACTIVE_MS };
};

/** The content of m.presence, also the answer of GET /presence. */
export const presenceContent = (
  { shown, statusMsg, lastActiveTs }: Pick<UserPresence, 'shown' | 'statusMsg' | 'lastActiveTs'>,
  now: number,
): JsonObject => ({
  presence: shown.presence,
  ...(lastActiveTs !== undefined && { last_active_ago: Math.max(now - lastActiveTs, 0) }),
  ...(statusMsg !== undefined && { status_msg: statusMsg }),
  ...(shown.presence === 'online' && { currently_active: shown.currentlyActive }),
});
