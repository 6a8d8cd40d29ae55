// Whether a user, or a server for its users, may see an event of a room's history.
// Client-Server API v1.19, "Room History Visibility", Server behaviour. Judged by the state at the event, never by today's.

import type { RoomEvent } from '../events/room-event.ts';
import { type HistoryVisibility, historyVisibility } from './history-visibility.ts';

export type JudgedEvent = Pick<RoomEvent, 'type' | 'stateKey' | 'content'>;

export interface VisibilityFacts {
  readonly event: JudgedEvent;
  /** In the state before the event. */
  readonly visibility: HistoryVisibility;
}

export interface UserVisibilityFacts extends VisibilityFacts {
  readonly userId: string;
  /** The user's membership in the state before the event; 'leave' when there is none. */
  readonly membership: string;
  /** Whether the user was joined at any point after the event. */
  readonly joinedLater: boolean;
}

export interface ServerVisibilityFacts extends VisibilityFacts {
  readonly serverName: string;
  /** Whether any user of the server is joined, or invited, in the state before the event. */
  readonly anyJoined: boolean;
  readonly anyInvited: boolean;
  /** Whether any user of the server was joined at any point after the event. */
  readonly anyJoinedLater: boolean;
}

interface Standing {
  readonly joined: boolean;
  readonly invited: boolean;
  readonly joinedLater: boolean;
}

function allows(visibility: HistoryVisibility, { joined, invited, joinedLater }: Standing): boolean {
  // 1. "If the history_visibility was set to world_readable, allow."
  if (visibility === 'world_readable') return true;
  // 2. "If the user's membership was join, allow."
  if (joined) return true;
  // 3. "If history_visibility was set to shared, and the user joined the room at any point after the event was sent, allow."
  if (visibility === 'shared') return joinedLater;
  // 4. "If the user's membership was invite, and the history_visibility was set to invited, allow."
  // 5. "Otherwise, deny."
  return visibility === 'invited' && invited;
}

/** "For m.room.history_visibility events themselves, ... if the history_visibility before or after the event would allow". */
function visibilityAfter({ event, visibility }: VisibilityFacts): HistoryVisibility {
  return event.type === 'm.room.history_visibility' && event.stateKey === ''
    ? historyVisibility(event.content)
    : visibility;
}

function maySeeBeforeOrAfter(facts: VisibilityFacts, before: Standing, after: Standing): boolean {
  return allows(facts.visibility, before) || allows(visibilityAfter(facts), before) || allows(facts.visibility, after);
}

export function maySee(facts: UserVisibilityFacts): boolean {
  const { event, userId, joinedLater } = facts;
  const standing = (membership: unknown): Standing => ({
    joined: membership === 'join',
    invited: membership === 'invite',
    joinedLater,
  });
  // "Likewise, for the user's own m.room.member events, ... if their membership before or after the event would allow".
  const isOwn = event.type === 'm.room.member' && event.stateKey === userId;
  const before = standing(facts.membership);
  return maySeeBeforeOrAfter(facts, before, isOwn ? standing(event.content.membership) : before);
}

/** A server may see what any of its users may: it is asked on their behalf and keeps one copy for all of them. */
export function serverMaySee(facts: ServerVisibilityFacts): boolean {
  const { event, serverName } = facts;
  const before: Standing = {
    joined: facts.anyJoined,
    invited: facts.anyInvited,
    joinedLater: facts.anyJoinedLater,
  };
  const member = event.type === 'm.room.member' ? event.stateKey : undefined;
  if (member === undefined || member.slice(member.indexOf(':') + 1) !== serverName) {
    return maySeeBeforeOrAfter(facts, before, before);
  }
  const { membership } = event.content;
  const after: Standing = {
    ...before,
    joined: before.joined || membership === 'join',
    invited: before.invited || membership === 'invite',
  };
  return maySeeBeforeOrAfter(facts, before, after);
}
