// Who is told of a room without being in it. Client-Server API, GET /hierarchy and GET /room_summary.

import type { RoomId } from '../../protocol/ids/branded.ts';
import { roomVersion } from '../../protocol/room-versions/room-versions.ts';
import type { ReadTx } from '../../storage/database.ts';
import { membershipIn } from '../../storage/stores/memberships.ts';
import { isJoinedToAny } from '../../storage/stores/room-conditions.ts';
import { roomById } from '../../storage/stores/rooms.ts';
import type { Reading } from '../read/room-reader.ts';
import { bytesToHash } from '../state/room-state.ts';
import type { RoomFacts } from './room-facts.ts';

export interface Preview {
  readonly facts: RoomFacts;
  /** Of the viewer; undefined when there is none. */
  readonly membership: string | undefined;
}

/** `elsewhere`: this server is not in the room. */
export type PreviewAnswer = Preview | 'hidden' | 'elsewhere';

/** `user`: a nid, or undefined for who did not say. */
export const previewRoom = async (
  reading: Reading,
  tx: ReadTx,
  roomId: RoomId,
  user: number | undefined,
): Promise<PreviewAnswer> => {
  const stored = await roomById(tx, roomId);
  const version = stored && roomVersion(stored.version);
  if (!stored || !version) return 'elsewhere';
  const facts = await reading.facts.of(
    reading,
    tx,
    { nid: stored.nid, roomId, version },
    bytesToHash(stored.stateRoot),
  );
  return previewOf(tx, roomId, facts, user);
};

/** `facts`: of a room here, or as a server told that is in it. */
export const previewOf = async (
  tx: ReadTx,
  roomId: RoomId,
  facts: RoomFacts,
  user: number | undefined,
): Promise<Preview | 'hidden'> => {
  const membership = user === undefined ? undefined : ((await membershipIn(tx, user, roomId)) ?? 'leave');
  return (await mayPreview(tx, facts, user, membership)) ? { facts, membership } : 'hidden';
};

const KNOCKABLE = ['knock', 'knock_restricted'];

const mayPreview = async (
  tx: ReadTx,
  { isWorldReadable, joinRule, allowed }: RoomFacts,
  user: number | undefined,
  membership: string | undefined,
): Promise<boolean> => {
  // "The requesting user is currently a member", "The user's room membership is invite."
  if (membership === 'join' || membership === 'invite') return true;
  if (isWorldReadable) return true;
  // Who is banned has no permission to join whatever the join rule is.
  if (membership === 'ban') return false;
  if (joinRule === 'public' || KNOCKABLE.includes(joinRule)) return true;
  // "The room's join rules are set to restricted, provided the user meets one of the specified conditions."
  return user !== undefined && isJoinedToAny(tx, user, allowed);
};
