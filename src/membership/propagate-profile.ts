// A changed profile goes into the user's member events, room after room, slowly, and goes on after a restart.
// Client-Server API, "Events on Change of Profile Information".

import type { RoomId, UserId } from '../protocol/ids/branded.ts';
import type { Composition } from '../rooms/send/draft.ts';
import { joinedRooms } from '../storage/stores/memberships.ts';
import { beginPropagation, endPropagation, unfinishedPropagations } from '../storage/stores/profile-propagations.ts';
import type { MembershipDeps } from './deps.ts';
import { clientContent, memberContent } from './member-content.ts';
import { isRefusal } from './refusal.ts';

/** Rooms that are changed without a pause, and the pause after each further one. */
const ROOMS_AT_ONCE = 10;
const PAUSE_MS = 50;

interface Run {
  /** The profile changed again since this run began. */
  isStale: boolean;
}

export const createProfilePropagation = (deps: MembershipDeps) => {
  const { db, clock, log } = deps;
  const runs = new Map<number, Run>();

  const renewAll = async (user: number, userId: UserId): Promise<void> => {
    const roomIds = await db.read((tx) => joinedRooms(tx, user));
    for (const [index, roomId] of roomIds.entries()) {
      if (index >= ROOMS_AT_ONCE) await clock.sleep(PAUSE_MS);
      await renewMember(deps, user, userId, roomId);
    }
  };

  const run = async (user: number, userId: UserId): Promise<void> => {
    const state: Run = { isStale: true };
    runs.set(user, state);
    try {
      while (state.isStale) {
        state.isStale = false;
        await renewAll(user, userId);
        if (state.isStale) continue;
        await db.write(endPropagation, user);
        // What came while that was written has been forgotten with it.
        if (state.isStale) await db.write(beginPropagation, user);
      }
    } finally {
      runs.delete(user);
    }
  };

  const start = (user: number, userId: UserId): void => {
    const running = runs.get(user);
    if (running) {
      running.isStale = true;
      return;
    }
    run(user, userId).catch((err: unknown) => {
      log.warn({ err, userId }, 'A changed profile could not be shown in all rooms; the next start tries again.');
    });
  };

  return {
    /** Renews the user's member events in the rooms they are joined to. Resolves once that is under way. */
    async propagateProfile(user: number, userId: UserId): Promise<void> {
      await db.write(beginPropagation, user);
      start(user, userId);
    },

    /** At start: what a stop cut off. */
    async resumePropagations(): Promise<void> {
      const unfinished = await db.read(unfinishedPropagations).catch((err: unknown) => {
        log.warn({ err }, 'Changed profiles that are not shown everywhere could not be read.');
        return [];
      });
      for (const { user, userId } of unfinished) start(user, userId);
    },
  };
};

/** Only while they are joined: a leave that comes first must not be undone. */
const renewMember = async (deps: MembershipDeps, user: number, userId: UserId, roomId: RoomId): Promise<void> => {
  const event = { type: 'm.room.member', stateKey: userId, sender: userId };
  const profile = await memberContent(deps, user, 'join', {});
  const compose: Composition['compose'] = async (room) => {
    const member = await room.get('m.room.member', userId);
    if (member?.content.membership !== 'join') return [];
    const { displayname: _name, avatar_url: _avatar, reason: _reason, ...kept } = clientContent(member.content);
    return [{ ...event, content: { ...kept, ...profile } }];
  };
  try {
    await deps.rooms.sendComposition(roomId, { possible: [event], compose });
  } catch (err) {
    if (!isRefusal(err)) throw err;
    deps.log.debug({ err, userId, roomId }, 'A room does not take the changed profile.');
  }
};
