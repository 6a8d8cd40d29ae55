// Who is typing, in memory. Client-Server API, "Typing Notifications".

import type { Clock, Timer } from '../lib/clock.ts';
import { LruCache } from '../lib/lru-cache.ts';
import { forbidden, notFound } from '../protocol/errors/matrix-error.ts';
import type { RoomId, UserId } from '../protocol/ids/branded.ts';
import type { Database } from '../storage/database.ts';
import { membershipOf } from '../storage/stores/memberships.ts';
import { roomById } from '../storage/stores/rooms.ts';
import type { Stream } from '../stream/stream.ts';
import type { Reader } from './receipts.ts';
import type { Versions } from './versions.ts';

/** Rooms whose latest change is remembered. */
const ROOMS_MAX = 10_000;
/** Users typing in one room at a time. */
const USERS_MAX = 100;
const TIMEOUT_MS_DEFAULT = 30_000;
const TIMEOUT_MS_MIN = 1_000;
const TIMEOUT_MS_MAX = 120_000;

export interface TypingChange {
  readonly room: number;
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly isTyping: boolean;
}

interface TypingRoom {
  version: number;
  readonly timers: Map<UserId, Timer>;
}

export interface TypingNow {
  /** Of the room's latest change; see Versions. */
  readonly version: number;
  readonly users: readonly UserId[];
}

interface TypingDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly stream: Stream;
  readonly versions: Versions;
}

export const createTyping = ({ db, clock, stream, versions }: TypingDeps) => {
  const rooms = new LruCache<number, TypingRoom>(ROOMS_MAX);
  const listeners: ((change: TypingChange) => void)[] = [];

  const changed = (room: number, typing: TypingRoom): void => {
    typing.version = versions.next();
    // Set anew: the room that changed longest ago is the first to be forgotten.
    rooms.set(room, typing);
    stream.poke({ room });
  };

  const stop = (room: number, userId: UserId): boolean => {
    const typing = rooms.peek(room);
    const timer = typing?.timers.get(userId);
    if (!typing || !timer) return false;
    timer.cancel();
    typing.timers.delete(userId);
    changed(room, typing);
    return true;
  };

  /** `onEnd`: they fell silent without saying so. */
  const start = (room: number, userId: UserId, timeoutMs: number, onEnd?: () => void): boolean => {
    const typing = rooms.peek(room) ?? { version: 0, timers: new Map<UserId, Timer>() };
    const before = typing.timers.get(userId);
    if (!before && typing.timers.size >= USERS_MAX) return false;
    before?.cancel();
    typing.timers.set(
      userId,
      clock.after(timeoutMs, () => {
        if (stop(room, userId)) onEnd?.();
      }),
    );
    if (!before) changed(room, typing);
    return true;
  };

  return {
    /** Of a local user who is a member. Throws M_NOT_FOUND (room), M_FORBIDDEN (no member). */
    async setTyping(reader: Reader, roomId: RoomId, isTyping: boolean, timeoutMs: number | undefined): Promise<void> {
      const { user, userId } = reader;
      const room = await db.read(async (tx) => {
        const stored = await roomById(tx, roomId);
        if (!stored) throw notFound('This room is not known here.');
        const membership = await membershipOf(tx, user, stored.nid);
        if (membership?.membership !== 'join') throw forbidden('Only members of the room can type in it.');
        return stored.nid;
      });
      const boundedMs = Math.min(Math.max(timeoutMs ?? TIMEOUT_MS_DEFAULT, TIMEOUT_MS_MIN), TIMEOUT_MS_MAX);
      const tell = (change: TypingChange): void => {
        for (const listener of listeners) listener(change);
      };
      const about = { room, roomId, userId };
      const onEnd = (): void => tell({ ...about, isTyping: false });
      const isNews = isTyping ? start(room, userId, boundedMs, onEnd) : stop(room, userId);
      if (isNews) tell({ ...about, isTyping });
    },

    /** Of another server's user, whose membership is checked already. */
    receive(room: number, userId: UserId, isTyping: boolean): void {
      if (isTyping) start(room, userId, TIMEOUT_MS_DEFAULT);
      else stop(room, userId);
    },

    /** undefined: nobody typed there lately, so nobody needs to hear that they stopped. */
    typingIn(room: number): TypingNow | undefined {
      const typing = rooms.peek(room);
      return typing && { version: typing.version, users: [...typing.timers.keys()] };
    },

    /** For federation: called with what local users do (also to say again that they still type). */
    onLocalChange(listener: (change: TypingChange) => void): void {
      listeners.push(listener);
    },
  };
};

export type Typing = ReturnType<typeof createTyping>;
