// Whose devices a user must look at again, or may forget, since a position: for /sync and /keys/changes.
// Client-Server API, "Tracking the device list for a user".

import type { UserId } from '../protocol/ids/branded.ts';
import { bytesToHash, type RoomState } from '../rooms/state/room-state.ts';
import { getEntries } from '../rooms/state-tree/read-entries.ts';
import type { ReadTx } from '../storage/database.ts';
import {
  hasOthersUsers,
  joinedUsersOf,
  movesAroundSince,
  ownMovesSince,
  sharersAmong,
  usersWithChangedKeys,
} from '../storage/stores/device-list-changes.ts';
import { eventsByNid } from '../storage/stores/events.ts';
import { memberKeysOf, userIdsOf } from '../storage/stores/names.ts';
import { stateRootAt } from '../storage/stores/rooms.ts';

export interface DeviceListChanges {
  /** Their keys changed and they share a room with the user, or they share one now and did not before. */
  readonly changed: UserId[];
  /** They shared a room with the user and share none any more. */
  readonly left: UserId[];
}

/** What is needed of the rooms: reading their states inside a transaction. */
export type RoomStates = Pick<RoomState, 'sourceIn'>;

export interface DeviceListQuestion {
  readonly user: number;
  /** Changes of keys after this position, up to and including `until`. */
  readonly since: number;
  readonly until: number;
  /** false: the caller knows that nobody came into a room of the user's or went since. */
  readonly membersMoved?: boolean;
}

/**
 * What changed, as `tx` sees it. Memberships count as they are now: a token that was given out earlier than now is answered
 * with what will come anyway.
 */
export const deviceListChangesSince = async (
  states: RoomStates,
  tx: ReadTx,
  { user, since, until, membersMoved = true }: DeviceListQuestion,
): Promise<DeviceListChanges> => {
  const changed = new Set(await usersWithChangedKeys(tx, user, since, until));
  if (!membersMoved) return { changed: await userIdsOf(tx, [...changed]), left: [] };
  const { joined, parted, isNewElsewhere } = await sharingMoves(states, tx, user, since);
  const sharedBefore = await sharersAmong(tx, user, [...joined], since);
  for (const other of joined) if (!sharedBefore.has(other)) changed.add(other);
  if (isNewElsewhere) changed.add(user);
  const sharing = await sharersAmong(tx, user, [...parted]);
  const left = [...parted].filter((other) => !sharing.has(other));
  for (const other of left) changed.delete(other);
  return { changed: await userIdsOf(tx, [...changed]), left: await userIdsOf(tx, left) };
};

interface SharingMoves {
  /** Users who are joined to a room with the user in which one of both was not joined at `since`. */
  readonly joined: Set<number>;
  /** Users who were joined to a room with the user at `since`, in which one of both is not joined now. */
  readonly parted: Set<number>;
  /** The user came into a room with users of other servers, which are told of the user's devices then. */
  readonly isNewElsewhere: boolean;
}

const sharingMoves = async (states: RoomStates, tx: ReadTx, user: number, since: number): Promise<SharingMoves> => {
  const ownMoves = await ownMovesSince(tx, user, since);
  const moves = await movesAroundSince(tx, user, since);
  const entered = new Set<number>();
  const exited = new Set<number>();
  const untouched = new Set<number>();
  const newlyWhole = new Set<number>();
  for (const { room, isJoined, isNewlyWhole } of ownMoves) {
    if (isNewlyWhole === 1) newlyWhole.add(room);
    const wasJoined = (await joinedAt(states, tx, room, since, [user])).has(user);
    if (isJoined === 1 && !wasJoined) entered.add(room);
    else if (isJoined === 0 && wasJoined) exited.add(room);
    else if (isJoined === 0) untouched.add(room);
  }
  const joined = new Set(await joinedUsersOf(tx, [...entered]));
  // With those who came after `since`: nothing is lost by calling somebody left with whom no room is shared.
  const parted = new Set(await joinedUsersOf(tx, [...exited]));
  for (const [room, ofRoom] of Map.groupBy(moves, (move) => move.room)) {
    if (untouched.has(room) || entered.has(room)) continue;
    const users = ofRoom.map((move) => move.user);
    const before = await joinedAt(states, tx, room, since, users);
    for (const { user: other, isJoined } of ofRoom) {
      const wasJoined = before.has(other);
      if (isJoined === 0 && wasJoined) parted.add(other);
      // The past of a room that became whole has members whom nobody here knew at that time.
      else if (isJoined === 1 && !exited.has(room) && (!wasJoined || newlyWhole.has(room))) joined.add(other);
    }
  }
  joined.delete(user);
  parted.delete(user);
  return { joined, parted, isNewElsewhere: await hasOthersUsers(tx, [...entered]) };
};

/** Which of the users were joined to the room at a position, by the room's state at that time. */
const joinedAt = async (
  states: RoomStates,
  tx: ReadTx,
  room: number,
  position: number,
  users: readonly number[],
): Promise<Set<number>> => {
  const root = await stateRootAt(tx, room, position);
  if (!root) return new Set();
  const keys = await memberKeysOf(tx, users);
  const entries = await getEntries(states.sourceIn(tx), bytesToHash(root), [...keys.values()]);
  const events = await eventsByNid(tx, [...entries.values()]);
  const joinedKeys = new Set(events.filter((event) => isJoin(event.content)).map((event) => event.stateKeyNid));
  return new Set(users.filter((user) => joinedKeys.has(keys.get(user) ?? null)));
};

const isJoin = (content: string): boolean => (JSON.parse(content) as { membership?: unknown }).membership === 'join';
