// What every rule looks at: the event, its room version, the facts, and what is read from them once.

import type { RoomEvent } from '../events/room-event.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import type { AuthFacts } from './auth-facts.ts';
import { type PowerLevels, readPowerLevels } from './power-levels.ts';

export interface Judged {
  readonly event: RoomEvent;
  readonly version: RoomVersion;
  readonly facts: AuthFacts;
  readonly create: RoomEvent;
}

/** The m.room.member event of a user, if any. */
export function memberOf(judged: Judged, user: string): RoomEvent | undefined {
  return judged.facts.state('m.room.member', user);
}

/** The membership a member event gives; undefined: none. */
export function membershipIn(member: RoomEvent | undefined): string | undefined {
  const membership = member?.content.membership;
  return typeof membership === 'string' ? membership : undefined;
}

export function powerLevelsEventOf(judged: Judged): RoomEvent | undefined {
  return judged.facts.state('m.room.power_levels', '');
}

export function powerLevelsIn(judged: Judged, powerLevels: RoomEvent | undefined): PowerLevels {
  return readPowerLevels(powerLevels?.content, judged.version, judged.create);
}

/** The m.room.join_rules event's rule; a room without one is for invited users only. */
export function joinRuleIn(joinRules: RoomEvent | undefined): string {
  const rule = joinRules?.content.join_rule;
  return typeof rule === 'string' ? rule : 'invite';
}
