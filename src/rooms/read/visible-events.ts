// Which events a viewer may see. Client-Server API, "Room History Visibility" and "Ignoring Users".

import type { JsonObject } from '../../protocol/events/json.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import { maySee } from '../../protocol/visibility/may-see.ts';
import type { StoredEvent } from '../../storage/stores/events.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Look } from './room-reader.ts';
import { type Standing, visibilityOf } from './standing.ts';

export const visibleEvents = async (
  look: Look,
  room: RoomRef,
  events: readonly StoredEvent[],
): Promise<readonly StoredEvent[]> => {
  const { reading, tx, viewer } = look;
  const ignored = await reading.ignored.by(tx, viewer.user);
  return visibleHistory(look, room, ignored.size === 0 ? events : notIgnored(events, ignored));
};

/** By history visibility alone. */
export const visibleHistory = async (
  look: Look,
  room: RoomRef,
  events: readonly StoredEvent[],
): Promise<readonly StoredEvent[]> => {
  const { reading, tx, viewer } = look;
  // Soft-failed and rejected events are nobody's.
  const wanted = events.every(isAccepted) ? events : events.filter(isAccepted);
  if (wanted.length === 0) return wanted;
  const standings = await reading.standings.after(tx, wanted, viewer.userId);
  if (standings.every(isPlain)) return wanted;
  const joinedUntil = await reading.standings.joinedUntil(tx, room.nid, viewer.user);
  const before = await reading.standings.said(tx, replacedBy(wanted, viewer.userId));
  return wanted.filter((event, index) => {
    const standing = standings[index];
    if (!standing) return false;
    const said = event.replaces === null ? undefined : before.get(event.replaces);
    return isVisible(event, standing, said, joinedUntil, viewer.userId);
  });
};

const isAccepted = ({ verdict }: StoredEvent): boolean => verdict === 0;

/** "Servers must still send state events sent by ignored users to clients." */
const notIgnored = (events: readonly StoredEvent[], ignored: ReadonlySet<UserId>): StoredEvent[] =>
  events.filter(({ stateKey, sender }) => stateKey !== undefined || !ignored.has(sender));

/** A member sees everything, whatever the rules before or after the event were. */
const isPlain = (standing: Standing | undefined): boolean => standing?.membership === 'join';

const changesVisibility = (event: StoredEvent): boolean =>
  event.type === 'm.room.history_visibility' && event.stateKey === '';

const changesOwnMembership = (event: StoredEvent, userId: UserId): boolean =>
  event.type === 'm.room.member' && event.stateKey === userId;

const replacedBy = (events: readonly StoredEvent[], userId: UserId): number[] =>
  events.flatMap((event) =>
    event.replaces !== null && (changesVisibility(event) || changesOwnMembership(event, userId)) ? event.replaces : [],
  );

/** `said`: what the event that this one replaced said of visibility or membership. */
const isVisible = (
  event: StoredEvent,
  after: Standing,
  said: string | undefined,
  joinedUntil: number,
  userId: UserId,
): boolean => {
  const visibilityChanges = changesVisibility(event);
  const membershipChanges = changesOwnMembership(event, userId);
  const content: JsonObject =
    visibilityChanges || membershipChanges ? (JSON.parse(event.content) as JsonObject) : noContent;
  return maySee({
    event: { type: event.type, stateKey: event.stateKey, content },
    visibility: visibilityChanges ? visibilityOf(said) : after.visibility,
    userId,
    membership: membershipChanges ? (said ?? 'leave') : after.membership,
    joinedLater: event.position !== null && event.position < joinedUntil,
  });
};

const noContent: JsonObject = {};
