// What push rules ask about a room's power levels. Client-Server API, "m.room.power_levels", `notifications`.

import { readPowerLevelValue } from '../protocol/auth-rules/power-level-value.ts';
import { type PowerLevels, readPowerLevels } from '../protocol/auth-rules/power-levels.ts';
import { asJsonObject, type JsonObject } from '../protocol/events/json.ts';
import type { RoomEvent } from '../protocol/events/room-event.ts';
import type { RoomPushContext } from '../protocol/push-rules/push-subject.ts';
import type { RoomVersion } from '../protocol/room-versions/room-version.ts';

interface ReadLevels {
  readonly levels: PowerLevels;
  readonly notificationLevels: Readonly<Record<string, number>>;
}

interface LevelFacts {
  readonly version: RoomVersion;
  readonly powerLevels: RoomEvent | undefined;
  readonly create: RoomEvent | undefined;
}

/** By the power levels event, which judges many events and is never mutated. */
const known = new WeakMap<RoomEvent, ReadLevels>();

const notificationLevelsOf = (content: JsonObject | undefined, version: RoomVersion): Record<string, number> => {
  const levels: Record<string, number> = Object.create(null);
  for (const [key, value] of Object.entries(asJsonObject(content?.notifications))) {
    const level = readPowerLevelValue(value, version);
    if (level !== undefined) levels[key] = level;
  }
  return levels;
};

const readLevels = ({ powerLevels, version, create }: LevelFacts): ReadLevels => {
  const before = powerLevels && known.get(powerLevels);
  if (before) return before;
  const content = powerLevels?.content;
  const read = {
    levels: readPowerLevels(content, version, create),
    notificationLevels: notificationLevelsOf(content, version),
  };
  if (powerLevels) known.set(powerLevels, read);
  return read;
};

export const roomPushContext = (facts: LevelFacts, sender: string, memberCount: number): RoomPushContext => {
  const { levels, notificationLevels } = readLevels(facts);
  return { memberCount, senderPowerLevel: levels.powerOf(sender), notificationLevels };
};
