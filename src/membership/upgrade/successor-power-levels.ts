// Power levels of a room that replaces another: those of the old room, in the terms of the new room's version.
// Client-Server API, "Room Upgrades"; room version 12, "Room creators".

import { creatorOf, isCreator } from '../../protocol/auth-rules/creators.ts';
import { readPowerLevelValue } from '../../protocol/auth-rules/power-level-value.ts';
import { levelDefaults } from '../../protocol/auth-rules/power-levels.ts';
import { asJsonList, asJsonObject, type Json, type JsonObject } from '../../protocol/events/json.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import { TOMBSTONE_LEVEL_SINCE_V12 } from '../creation/initial-power-levels.ts';

const ADMINISTRATOR = 100;

export interface Predecessor {
  readonly version: RoomVersion;
  readonly create: RoomEvent | undefined;
  /** Content of its m.room.power_levels, if it has one. */
  readonly levels: JsonObject | undefined;
}

export interface SuccessorLevels {
  /** With what the upgrading user needs to set up the room. */
  readonly initial: JsonObject;
  /** As they stay. */
  readonly final: JsonObject;
}

/** `creators`: the upgrading user first, then the additional creators (since v12). */
export const successorPowerLevels = (
  old: Predecessor,
  version: RoomVersion,
  creators: readonly UserId[],
): SuccessorLevels => {
  const read = (value: Json | undefined): number | undefined => readPowerLevelValue(value, old.version);
  const levels: JsonObject = { ...old.levels };
  for (const name of Object.keys(levelDefaults)) setLevel(levels, name, read(levels[name]));
  const events = levelsOf(levels.events, read);
  const users = levelsOf(levels.users, read);
  if (levels.notifications !== undefined) levels.notifications = levelsOf(levels.notifications, read);
  const stateDefault = read(levels.state_default) ?? levelDefaults.state_default;
  if (version.privilegedCreators) {
    for (const userId of creators) delete users[userId];
    // "the power level for sending m.room.tombstone events MUST explicitly be higher than state_default"
    if (!old.version.privilegedCreators) {
      events['m.room.tombstone'] = Math.max(TOMBSTONE_LEVEL_SINCE_V12, stateDefault + 1);
    }
    const content = { ...levels, events, users };
    return { initial: content, final: content };
  }
  const [upgrader] = creators;
  const needed = Math.max(ADMINISTRATOR, stateDefault, ...Object.values(events).map(Number));
  // Creators of v12 rooms stand in no list, nor does the creator of a room without levels; here they need to.
  for (const userId of creatorsOf(old)) users[userId] ??= needed;
  const final = { ...levels, events, users };
  if (Number(users[upgrader!] ?? levels.users_default ?? 0) >= needed) return { initial: final, final };
  return { initial: { ...final, users: { ...users, [upgrader!]: needed } }, final };
};

const setLevel = (levels: JsonObject, name: string, value: number | undefined): void => {
  if (value === undefined) delete levels[name];
  else levels[name] = value;
};

/** Every value that is a level, as an integer. */
const levelsOf = (map: Json | undefined, read: (value: Json) => number | undefined): JsonObject => {
  const entries = Object.entries(asJsonObject(map)).map(([key, value]) => [key, read(value)] as const);
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, number] => entry[1] !== undefined));
};

const creatorsOf = ({ version, create, levels }: Predecessor): string[] => {
  // "If the room contains no m.room.power_levels event, the room's creator has a power level of 100."
  if (!create || (levels && !version.privilegedCreators)) return [];
  const { additional_creators: additional } = create.content;
  return [creatorOf(create, version), ...asJsonList(additional)].filter(
    (userId): userId is string => typeof userId === 'string' && isCreator(userId, create, version),
  );
};
