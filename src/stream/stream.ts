// What happened, as one ordered stream: where it stands, who changed lately, and who listens to what.
// Fed by the database's commits alone, so nobody is woken for what is not on disk.

import type { Audience, Change, Database } from '../storage/database.ts';
import { createListeners, type Listener } from './listeners.ts';

/** Positions of rooms or users that changed since the server started. */
export interface RecentChanges {
  /**
   * Whether it changed after `since`. Before this process started nothing is remembered, so for such a `since` the
   * answer is 'unknown' and the tables decide.
   */
  changedSince(nid: number, since: number): boolean | 'unknown';
}

export interface Stream {
  /** The highest committed position: everything up to it can be read. */
  readonly head: number;
  readonly rooms: RecentChanges;
  readonly users: RecentChanges;
  /** Wakes those who wait on a room or user for something that has no position: typing, presence. */
  poke(audience: Audience): void;
  /** Somebody who wants to hear of a user's own changes, and of those of the rooms that it adds. Dispose of it. */
  listen(user: number): Listener;
  /** Resolves once the head is at a position, which some read has seen already; false: not within `timeoutMs`. */
  reached(position: number, timeoutMs: number): Promise<boolean>;
}

export const createStream = (deps: { db: Database }): Stream => {
  const headAtOpen = deps.db.headAtOpen;
  let head = headAtOpen;
  const rooms = recentChanges(headAtOpen);
  const users = recentChanges(headAtOpen);
  const listeners = createListeners();
  const expected = new Set<{ readonly position: number; resolve(): void }>();

  const note = (change: Change): void => {
    for (const room of roomsOf(change.audience)) rooms.note(room, change.position);
    for (const user of usersOf(change.audience)) users.note(user, change.position);
  };
  const wake = (audience: Audience): void => listeners.wake(roomsOf(audience), usersOf(audience));

  deps.db.onCommit((commit) => {
    if (commit.head > head) head = commit.head;
    for (const change of commit.changes) note(change);
    for (const change of commit.changes) wake(change.audience);
    for (const each of expected) if (each.position <= head) each.resolve();
  });

  return {
    get head() {
      return head;
    },
    rooms,
    users,
    poke: wake,
    listen: (user) => listeners.add(user),
    async reached(position, timeoutMs) {
      if (position <= head) return true;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeoutMs);
      const each = { position, resolve };
      expected.add(each);
      await promise;
      clearTimeout(timer);
      expected.delete(each);
      return position <= head;
    },
  };
};

const roomsOf = (audience: Audience): readonly number[] =>
  'room' in audience ? [audience.room] : 'rooms' in audience ? audience.rooms : [];

const usersOf = (audience: Audience): readonly number[] =>
  'user' in audience ? [audience.user] : 'room' in audience ? (audience.users ?? []) : [];

const recentChanges = (headAtOpen: number): RecentChanges & { note(nid: number, position: number): void } => {
  const latest = new Map<number, number>();
  return {
    changedSince(nid, since) {
      const position = latest.get(nid);
      if (position !== undefined && position > since) return true;
      return since >= headAtOpen ? false : 'unknown';
    },
    note(nid, position) {
      latest.set(nid, position);
    },
  };
};
