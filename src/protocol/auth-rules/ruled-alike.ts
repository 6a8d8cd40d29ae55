// Which events the authorisation rules cannot tell from each other. Called where many of them are judged by the same states.

import type { RoomEvent } from '../events/room-event.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';

/**
 * Events of one room with the same text are allowed by the same states. undefined: the rules look at more of the event than its
 * sender, its type and whose its state key is.
 */
export const ruledAlike = ({ type, sender, stateKey }: RoomEvent, version: RoomVersion): string | undefined => {
  if (LOOKED_INTO.has(type)) return undefined;
  // Until v5.
  if (version.specialAliasesRule && type === 'm.room.aliases') return undefined;
  // Until v2.
  if (version.redactionCheckedByAuthRules && type === 'm.room.redaction') return undefined;
  return `${keyKindOf(sender, stateKey)}${sender}\0${type}`;
};

const LOOKED_INTO: ReadonlySet<string> = new Set(['m.room.create', 'm.room.member', 'm.room.power_levels']);

/** "If the event has a `state_key` that starts with an `@` and does not match the `sender`, reject." */
const keyKindOf = (sender: string, stateKey: string | undefined): 'none' | 'own' | 'other' => {
  if (stateKey === undefined) return 'none';
  return stateKey.startsWith('@') && stateKey !== sender ? 'other' : 'own';
};
