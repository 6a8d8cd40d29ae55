// Who is online: said by devices and other servers, told to those who share a room. Client-Server API, "Presence".

import { forbidden, notFound } from '../protocol/errors/matrix-error.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import type { ReadTx } from '../storage/database.ts';
import { findUser } from '../storage/stores/names.ts';
import { membersAmong, storedPresence, usersSharingRooms } from '../storage/stores/presence.ts';
import { PresenceBook, type PresenceDeps } from './presence-book.ts';
import {
  endSync,
  offline,
  type PresenceName,
  presenceContent,
  type ShownPresence,
  setActive,
  setDevice,
  setRemote,
  type UserPresence,
} from './presence-state.ts';

/** A device of a local user. */
export interface PresentDevice {
  readonly user: number;
  readonly userId: UserId;
  readonly device: number;
}

/** What another server says of its user. */
export interface RemotePresence {
  readonly user: number;
  readonly userId: UserId;
  readonly shown: ShownPresence;
  readonly lastActiveAgoMs: number | undefined;
  readonly statusMsg: string | undefined;
}

const nothing: Disposable = { [Symbol.dispose]() {} };

export const createPresence = (deps: PresenceDeps) => {
  const book = new PresenceBook(deps);
  return {
    isEnabled: deps.isEnabled,
    ...presenceChanges(deps, book),
    ...presenceReads(deps, book),
    /** For federation: users (also other servers') whose presence changed. */
    onChange: (listener: (users: readonly number[]) => void): void => book.onChange(listener),
    /** Keeps what the next start should know. */
    end: (): Promise<void> => book.end(),
  };
};

export type Presence = ReturnType<typeof createPresence>;

const presenceChanges = ({ clock, isEnabled }: PresenceDeps, book: PresenceBook) => ({
  /** PUT /presence. `statusMsg` undefined: it has none from now on. */
  set({ user, userId, device }: PresentDevice, presence: PresenceName, statusMsg: string | undefined): void {
    if (!isEnabled) return;
    const state = book.open(user, userId);
    setDevice(state, device, presence, clock.now(), false);
    book.setStatus(state, statusMsg);
  },

  /** While the device syncs with this `set_presence`; dispose of it when the answer is sent. */
  syncing({ user, userId, device }: PresentDevice, presence: PresenceName): Disposable {
    if (!isEnabled || presence === 'offline') return nothing;
    const state = book.open(user, userId);
    setDevice(state, device, presence, clock.now(), true);
    book.refresh(state);
    return { [Symbol.dispose]: () => endSync(state, device, clock.now()) };
  },

  /** The user did something: sent a message, read, typed. */
  noteActive({ user, userId, device }: PresentDevice): void {
    if (!isEnabled) return;
    const state = book.open(user, userId);
    setActive(state, device, clock.now());
    if (state.shown.presence !== 'offline') book.refresh(state);
  },

  receive({ user, userId, shown, lastActiveAgoMs, statusMsg }: RemotePresence): void {
    if (!isEnabled) return;
    const state = book.open(user, userId);
    setRemote(state, shown, clock.now());
    if (lastActiveAgoMs !== undefined) state.lastActiveTs = clock.now() - lastActiveAgoMs;
    book.setStatus(state, statusMsg);
  },
});

const nidsOf = (states: readonly UserPresence[]): number[] => states.map(({ user }) => user);

const presenceReads = ({ db, clock, isEnabled }: PresenceDeps, book: PresenceBook) => {
  const eventOf = (state: UserPresence): JsonObject => ({
    type: 'm.presence',
    sender: state.userId,
    content: presenceContent(state, clock.now()),
  });

  return {
    /**
     * m.presence events of those who changed since a version (see Versions) and with whom the viewer shares a room, and their
     * own. undefined: everybody who is not offline; a version that is not remembered: everybody who was online since the start.
     */
    async presenceSince(tx: ReadTx, viewer: number, since: number | undefined): Promise<JsonObject[]> {
      const candidates = since === undefined ? book.live() : (book.told.since(since) ?? book.known());
      const visible = await usersSharingRooms(tx, viewer, nidsOf(candidates));
      return candidates.filter(({ user }) => user === viewer || visible.has(user)).map(eventOf);
    },

    /** Of the members of rooms that a viewer just came to share. */
    async presenceIn(tx: ReadTx, rooms: readonly number[]): Promise<JsonObject[]> {
      const states = book.live();
      const members = await membersAmong(tx, rooms, nidsOf(states));
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
      const state = book.find(user);
      if (state) return presenceContent(state, clock.now());
      const { statusMsg, lastActiveTs } = stored ?? { statusMsg: null, lastActiveTs: null };
      const kept = { shown: offline, statusMsg: statusMsg ?? undefined, lastActiveTs: lastActiveTs ?? undefined };
      return presenceContent(kept, clock.now());
    },

    /** For federation: nids of those who are not offline, also of other servers' users. */
    presentUsers: (): number[] => nidsOf(book.live()),

    /** For federation: what is to be told of local users. */
    contentOf(user: number): JsonObject | undefined {
      const state = book.find(user);
      return state && presenceContent(state, clock.now());
    },
  };
};
