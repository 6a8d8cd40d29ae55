// Who is online: kept in memory, told to those who share a room, and what is worth keeping stored now and then.
// Client-Server API, "Presence".

import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { forbidden, notFound } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import type { Database, ReadTx } from '../storage/database.ts';
import { findUser } from '../storage/stores/names.ts';
import {
  joinedRoomsOfUsers,
  membersAmong,
  putPresences,
  type StoredPresence,
  storedPresence,
  usersSharingRooms,
} from '../storage/stores/presence.ts';
import type { Stream } from '../stream/stream.ts';
import { createPresenceLog } from './presence-log.ts';
import {
  endSync,
  newUserPresence,
  offline,
  type PresenceName,
  presenceAt,
  presenceContent,
  type ShownPresence,
  setActive,
  setDevice,
  setRemote,
  type UserPresence,
} from './presence-state.ts';
import type { Versions } from './versions.ts';

const SWEEP_MS = 5_000;
/** Changes within this time wake those concerned once. */
const GATHER_MS = 100;
const STORE_MS = 30_000;
/** Beyond this, users who are offline are forgotten. */
const USERS_MAX = 50_000;

export interface PresenceDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly stream: Stream;
  /** Off: nothing is kept or told. */
  readonly isEnabled: boolean;
  readonly versions: Versions;
}

/** A device of a local user. */
export interface PresentDevice {
  readonly user: number;
  readonly userId: UserId;
  readonly device: number;
}

const nothing: Disposable = { [Symbol.dispose]() {} };

export const createPresence = ({ db, clock, log, stream, isEnabled, versions }: PresenceDeps) => {
  const states = new Map<number, UserPresence>();
  /** Users who are not offline: the ones that time changes. */
  const live = new Set<UserPresence>();
  const told = createPresenceLog(versions);
  const toWake = new Set<number>();
  const toStore = new Set<UserPresence>();
  const listeners: ((users: readonly number[]) => void)[] = [];
  let isSweeping = false;
  let isStoring = false;

  const stateOf = (user: number, userId: UserId): UserPresence => {
    const known = states.get(user);
    if (known) return known;
    if (states.size >= USERS_MAX) forgetSome();
    const state = newUserPresence(user, userId);
    states.set(user, state);
    recall(state).catch((err: unknown) => log.warn({ err }, 'Presence could not be read.'));
    return state;
  };

  /** What was kept of the user, unless they have said something newer by then. */
  const recall = async (state: UserPresence): Promise<void> => {
    const stored = await db.read((tx) => storedPresence(tx, state.user));
    if (!stored) return;
    state.lastActiveTs ??= stored.lastActiveTs ?? undefined;
    if (stored.statusMsg === null || state.hasSpoken) return;
    state.statusMsg = stored.statusMsg;
    if (state.version > 0) refresh(state, true);
  };

  const forgetSome = (): void => {
    for (const [user, state] of states) {
      if (states.size < USERS_MAX * 0.9) return;
      if (!live.has(state) && !toStore.has(state)) states.delete(user);
    }
  };

  const wake = (): void => {
    const users = [...toWake];
    toWake.clear();
    for (const listener of listeners) listener(users);
    db.read((tx) => joinedRoomsOfUsers(tx, users)).then(
      (rooms) => stream.poke({ rooms }),
      (err: unknown) => log.warn({ err }, 'Nobody could be woken for presence.'),
    );
  };

  const store = async (): Promise<void> => {
    const rows: StoredPresence[] = [...toStore].map(({ user, statusMsg, lastActiveTs }) => ({
      user,
      statusMsg: statusMsg ?? null,
      lastActiveTs: lastActiveTs ?? null,
    }));
    toStore.clear();
    if (rows.length > 0) await db.write(putPresences, rows);
  };

  const storeSoon = (state: UserPresence): void => {
    toStore.add(state);
    if (isStoring) return;
    isStoring = true;
    clock.after(STORE_MS, () => {
      isStoring = false;
      store().catch((err: unknown) => log.warn({ err }, 'Presence could not be stored.'));
    });
  };

  /** Looks at what has become of the user; `isNews`: others are to be told in any case. */
  const refresh = (state: UserPresence, isNews = false): void => {
    const now = presenceAt(state, clock.now());
    const { shown } = state;
    if (now.presence === 'offline') live.delete(state);
    else live.add(state);
    if (!isNews && now.presence === shown.presence && now.currentlyActive === shown.currentlyActive) return;
    state.shown = now;
    state.version = told.add(state);
    storeSoon(state);
    if (toWake.size === 0) clock.after(GATHER_MS, wake);
    toWake.add(state.user);
    sweepSoon();
  };

  const setStatus = (state: UserPresence, statusMsg: string | undefined): void => {
    const isNews = state.statusMsg !== statusMsg;
    state.statusMsg = statusMsg;
    state.hasSpoken = true;
    refresh(state, isNews);
  };

  const sweepSoon = (): void => {
    if (isSweeping || live.size === 0) return;
    isSweeping = true;
    clock.after(SWEEP_MS, () => {
      isSweeping = false;
      for (const state of [...live]) refresh(state);
      sweepSoon();
    });
  };

  const eventOf = (state: UserPresence): JsonObject => ({
    type: 'm.presence',
    sender: state.userId,
    content: presenceContent(state, clock.now()),
  });

  return {
    isEnabled,

    /** PUT /presence. `statusMsg` undefined: it has none from now on. */
    set({ user, userId, device }: PresentDevice, presence: PresenceName, statusMsg: string | undefined): void {
      if (!isEnabled) return;
      const state = stateOf(user, userId);
      setDevice(state, device, presence, clock.now(), false);
      setStatus(state, statusMsg);
    },

    /** While the device syncs with this `set_presence`; dispose of it when the answer is sent. */
    syncing({ user, userId, device }: PresentDevice, presence: PresenceName): Disposable {
      if (!isEnabled || presence === 'offline') return nothing;
      const state = stateOf(user, userId);
      setDevice(state, device, presence, clock.now(), true);
      refresh(state);
      return { [Symbol.dispose]: () => endSync(state, device, clock.now()) };
    },

    /** The user did something: sent a message, read, typed. */
    noteActive({ user, userId, device }: PresentDevice): void {
      if (!isEnabled) return;
      const state = stateOf(user, userId);
      setActive(state, device, clock.now());
      if (state.shown.presence !== 'offline') refresh(state);
    },

    /** What another server says of its user. `lastActiveAgoMs` as it says. */
    receive(
      { user, userId }: Pick<PresentDevice, 'user' | 'userId'>,
      shown: ShownPresence,
      lastActiveAgoMs: number | undefined,
      statusMsg: string | undefined,
    ): void {
      if (!isEnabled) return;
      const state = stateOf(user, userId);
      setRemote(state, shown, clock.now());
      if (lastActiveAgoMs !== undefined) state.lastActiveTs = clock.now() - lastActiveAgoMs;
      setStatus(state, statusMsg);
    },

    /**
     * m.presence events of those who changed since a version (see Versions) and with whom the viewer shares a room, and their
     * own. undefined: everybody who is not offline; a version that is not remembered: everybody who was online since the start.
     */
    async presenceSince(tx: ReadTx, viewer: number, since: number | undefined): Promise<JsonObject[]> {
      const candidates =
        since === undefined
          ? [...live]
          : (told.since(since) ?? [...states.values()].filter((state) => state.version > 0));
      const visible = await usersSharingRooms(
        tx,
        viewer,
        candidates.map(({ user }) => user),
      );
      return candidates.filter(({ user }) => user === viewer || visible.has(user)).map(eventOf);
    },

    /** Of the members of rooms that a viewer just came to share. */
    async presenceIn(tx: ReadTx, rooms: readonly number[]): Promise<JsonObject[]> {
      const states = [...live];
      const members = await membersAmong(
        tx,
        rooms,
        states.map(({ user }) => user),
      );
      return states.filter(({ user }) => members.has(user)).map(eventOf);
    },

    /** Of one user. Throws M_FORBIDDEN where no room is shared, M_NOT_FOUND for a user nobody here knows of. */
    async presenceOf(viewer: number, userId: UserId): Promise<JsonObject> {
      if (!isEnabled) return { presence: 'offline' };
      const { user, stored } = await db.read(async (tx) => {
        const nid = await findUser(tx, userId);
        if (nid === undefined) throw notFound('There is no presence state for this user.');
        const isVisible = nid === viewer || (await usersSharingRooms(tx, viewer, [nid])).has(nid);
        if (!isVisible) throw forbidden('You are not allowed to see their presence.');
        return { user: nid, stored: await storedPresence(tx, nid) };
      });
      const state = states.get(user);
      if (state) return presenceContent(state, clock.now());
      const { statusMsg, lastActiveTs } = stored ?? { statusMsg: null, lastActiveTs: null };
      const kept = { shown: offline, statusMsg: statusMsg ?? undefined, lastActiveTs: lastActiveTs ?? undefined };
      return presenceContent(kept, clock.now());
    },

    /** For federation: what is to be told of local users. */
    contentOf(user: number): JsonObject | undefined {
      const state = states.get(user);
      return state && presenceContent(state, clock.now());
    },

    /** For federation: users (also other servers') whose presence changed. */
    onChange(listener: (users: readonly number[]) => void): void {
      listeners.push(listener);
    },

    /** At the end: what the next start should know. */
    store,
  };
};

export type Presence = ReturnType<typeof createPresence>;
