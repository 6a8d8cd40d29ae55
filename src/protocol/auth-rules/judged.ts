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

export function powerLevelsIn({ version, create }: Judged, powerLevels: RoomEvent | undefined): PowerLevels {
  return powerLevelsOf(powerLevels, version, create);
}

interface ReadLevels {
  readonly version: RoomVersion;
  readonly create: RoomEvent;
  readonly levels: PowerLevels;
}

/** What an event said when it was read last: hundreds of events are judged by the same one. Events never change. */
const lastRead = new WeakMap<RoomEvent, ReadLevels>();

export function powerLevelsOf(event: RoomEvent | undefined, version: RoomVersion, create: RoomEvent): PowerLevels {
  if (event === undefined) return readPowerLevels(undefined, version, create);
  const known = lastRead.get(event);
  if (known?.version === version && known.create === create) return known.levels;
  const levels = readPowerLevels(event.content, version, create);
  lastRead.set(event, { version, create, levels });
  return levels;
}

/** The m.room.join_rules event's rule; a room without one is for invited users only. */
export function joinRuleIn(joinRules: RoomEvent | undefined): string {
  const rule = joinRules?.content.join_rule;
  return typeof rule === 'string' ? rule : 'invite';
}
