// Who listens to which rooms and users. A listener stays over many waits, so that a wait costs the same whatever the number
// of its rooms, and a change costs those who do not wait next to nothing.

export interface Listener extends Disposable {
  readonly user: number;
  addRoom(room: number): void;
  removeRoom(room: number): void;
  /**
   * Resolves once something concerned happens, or `timeoutMs` passed, or the signal aborts, or it is disposed of. The caller
   * looks for news after it has called this and before it awaits, so that nothing slips between looking and waiting.
   */
  wait(timeoutMs: number, signal: AbortSignal): Wait;
}

export interface Wait extends Disposable {
  readonly woken: Promise<void>;
}

interface Ear {
  wake(): void;
}

export interface Listeners {
  add(user: number): Listener;
  wake(rooms: readonly number[], users: readonly number[]): void;
}

export const createListeners = (): Listeners => {
  const ofRoom = new Map<number, Set<Ear>>();
  const ofUser = new Map<number, Set<Ear>>();

  return {
    wake(rooms, users) {
      for (const room of rooms) for (const ear of ofRoom.get(room) ?? []) ear.wake();
      for (const user of users) for (const ear of ofUser.get(user) ?? []) ear.wake();
    },

    add(user) {
      const waiting = new Set<() => void>();
      const rooms = new Set<number>();
      const wake = (): void => {
        // Each takes itself out of the set.
        for (const wakeUp of waiting) wakeUp();
      };
      const ear: Ear = { wake };
      include(ofUser, user, ear);
      return {
        user,
        addRoom(room) {
          rooms.add(room);
          include(ofRoom, room, ear);
        },
        removeRoom(room) {
          rooms.delete(room);
          exclude(ofRoom, room, ear);
        },
        wait(timeoutMs, signal) {
          const { promise: woken, resolve } = Promise.withResolvers<void>();
          const wakeUp = (): void => {
            clearTimeout(timer);
            signal.removeEventListener('abort', wakeUp);
            waiting.delete(wakeUp);
            resolve();
          };
          waiting.add(wakeUp);
          const timer = setTimeout(wakeUp, timeoutMs);
          signal.addEventListener('abort', wakeUp);
          if (signal.aborted) wakeUp();
          return { woken, [Symbol.dispose]: wakeUp };
        },
        [Symbol.dispose]() {
          for (const room of rooms) exclude(ofRoom, room, ear);
          rooms.clear();
          exclude(ofUser, user, ear);
          wake();
        },
      };
    },
  };
};

const include = (ears: Map<number, Set<Ear>>, nid: number, ear: Ear): void => {
  const set = ears.get(nid);
  if (set) set.add(ear);
  else ears.set(nid, new Set([ear]));
};

const exclude = (ears: Map<number, Set<Ear>>, nid: number, ear: Ear): void => {
  const set = ears.get(nid);
  if (set?.delete(ear) && set.size === 0) ears.delete(nid);
};
