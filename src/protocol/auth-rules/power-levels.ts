// The power levels of a room, read from its m.room.power_levels event by the rules of its version.
// Client-Server API, "m.room.power_levels"; Server-Server API, "Definitions" of required power levels.

import { isJsonObject, type Json, type JsonObject } from '../events/json.ts';
import type { RoomEvent } from '../events/room-event.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import { isCreator } from './creators.ts';
import { ownValue } from './own-value.ts';
import { readPowerLevelValue } from './power-level-value.ts';

export interface PowerLevels {
  readonly usersDefault: number;
  readonly eventsDefault: number;
  readonly stateDefault: number;
  readonly ban: number;
  readonly kick: number;
  readonly redact: number;
  readonly invite: number;
  /** The level to notify a whole room (notifications.room). */
  readonly notificationsRoom: number;
  /** A user's level; Infinity for the creators of a room since version 12. */
  powerOf(user: string): number;
  /** The level an event of this type needs. `isState`: it has a state key. */
  required(type: string, isState: boolean): number;
}

/** The levels and their values where the event does not give them. */
export const levelDefaults = {
  users_default: 0,
  events_default: 0,
  state_default: 50,
  ban: 50,
  redact: 50,
  kick: 50,
  invite: 0,
} as const;

/**
 * Reads the content of m.room.power_levels; undefined: the room has none. Values no power level (only possible in
 * content that the rules reject) count as absent. `create` tells who the creators are.
 */
export function readPowerLevels(
  content: JsonObject | undefined,
  version: RoomVersion,
  create: RoomEvent | undefined,
): PowerLevels {
  const level = (name: keyof typeof levelDefaults): number =>
    readPowerLevelValue(content?.[name], version) ?? levelDefaults[name];
  const users = mapOf(content?.users);
  const events = mapOf(content?.events);
  const usersDefault = level('users_default');
  const eventsDefault = level('events_default');
  const stateDefault = level('state_default');
  return {
    usersDefault,
    eventsDefault,
    stateDefault,
    ban: level('ban'),
    kick: level('kick'),
    redact: level('redact'),
    invite: level('invite'),
    notificationsRoom: readPowerLevelValue(ownValue(mapOf(content?.notifications), 'room'), version) ?? 50,
    powerOf(user) {
      // Since v12: "The power level of 'room creators' is infinitely high."
      if (version.privilegedCreators && isCreator(user, create, version)) return Number.POSITIVE_INFINITY;
      // "If there is no m.room.power_levels event in the room, the creator has level 100 and all others 0."
      if (content === undefined) return isCreator(user, create, version) ? 100 : 0;
      return readPowerLevelValue(ownValue(users, user), version) ?? usersDefault;
    },
    required(type, isState) {
      return readPowerLevelValue(ownValue(events, type), version) ?? (isState ? stateDefault : eventsDefault);
    },
  };
}

function mapOf(value: Json | undefined): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}
