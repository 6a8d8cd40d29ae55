// What happened, as one ordered stream: where it stands, who changed lately, and who waits for it.
// Fed by the database's commits alone, so nobody is woken for what is not on disk.

import type { Audience, Change, Database } from '../storage/database.ts';

/** What a long poll waits for. Rooms and users are nids. */
export interface Interest {
  readonly rooms: Iterable<number>;
  readonly user: number;
}

interface Waiter {
  wake(): void;
}

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
  /**
   * Resolves once something concerned happens, or `timeoutMs` passed, or the signal aborts. The caller looks for
   * news after it has called this and before it awaits, so that nothing slips between looking and waiting.
   */
  wait(interest: Interest, timeoutMs: number, signal: AbortSignal): Wait;
}

export interface Wait extends Disposable {
  readonly woken: Promise<void>;
}

export const createStream = (deps: { db: Database }): Stream => {
  const headAtOpen = deps.db.headAtOpen;
  let head = headAtOpen;
  const rooms = recentChanges(headAtOpen);
  const users = recentChanges(headAtOpen);
  const waitersOfRoom = new Map<number, Set<Waiter>>();
  const waitersOfUser = new Map<number, Set<Waiter>>();

  const wakeAll = (waiters: Set<Waiter> | undefined): void => {
    if (waiters) for (const waiter of [...waiters]) waiter.wake();
  };
  const wake = (audience: Audience): void => {
    for (const room of roomsOf(audience)) wakeAll(waitersOfRoom.get(room));
    for (const user of usersOf(audience)) wakeAll(waitersOfUser.get(user));
  };
  const note = (change: Change): void => {
    for (const room of roomsOf(change.audience)) rooms.note(room, change.position);
    for (const user of usersOf(change.audience)) users.note(user, change.position);
  };

  deps.db.onCommit((commit) => {
    if (commit.head > head) head = commit.head;
    for (const change of commit.changes) note(change);
    for (const change of commit.changes) wake(change.audience);
  });

  return {
    get head() {
      return head;
    },
    rooms,
    users,
    poke: wake,
    wait(interest, timeoutMs, signal) {
      const { promise: woken, resolve } = Promise.withResolvers<void>();
      const interestRooms = [...interest.rooms];
      const dispose = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wakeUp);
        for (const room of interestRooms) removeFrom(waitersOfRoom, room, waiter);
        removeFrom(waitersOfUser, interest.user, waiter);
      };
      const wakeUp = (): void => {
        dispose();
        resolve();
      };
      const waiter: Waiter = { wake: wakeUp };
      for (const room of interestRooms) addTo(waitersOfRoom, room, waiter);
      addTo(waitersOfUser, interest.user, waiter);
      const timer = setTimeout(wakeUp, timeoutMs);
      signal.addEventListener('abort', wakeUp);
      if (signal.aborted) wakeUp();
      return { woken, [Symbol.dispose]: wakeUp };
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

const addTo = (waiters: Map<number, Set<Waiter>>, nid: number, waiter: Waiter): void => {
  const set = waiters.get(nid);
  if (set) set.add(waiter);
  else waiters.set(nid, new Set([waiter]));
};

const removeFrom = (waiters: Map<number, Set<Waiter>>, nid: number, waiter: Waiter): void => {
  const set = waiters.get(nid);
  if (set?.delete(waiter) && set.size === 0) waiters.delete(nid);
};
