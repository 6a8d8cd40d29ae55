// The rules of m.room.power_levels: whether its values are levels, and whether the sender may change what it changes.

import { isJsonObject, type Json, type JsonObject } from '../events/json.ts';
import type { RoomEvent } from '../events/room-event.ts';
import { isUserId } from '../ids/user-id.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import { isCreator } from './creators.ts';
import type { Judged } from './judged.ts';
import { ownValue } from './own-value.ts';
import { readPowerLevelValue } from './power-level-value.ts';
import { levelDefaults } from './power-levels.ts';
import { allowed, reject, type Verdict } from './verdict.ts';

const levelNames = Object.keys(levelDefaults);

/** `previous`: the room's m.room.power_levels; `power`: the level of the sender by it. */
export function authorisePowerLevels(judged: Judged, previous: RoomEvent | undefined, power: number): Verdict {
  const malformed = malformedBy(judged);
  if (malformed !== undefined) return malformed;
  // "If there is no previous m.room.power_levels event in the room, allow."
  if (previous === undefined) return allowed;
  return (
    checkLevels(judged, previous, power) ??
    checkEntries(judged, previous, power) ??
    checkUserEntries(judged, previous, power) ??
    // "Otherwise, allow."
    allowed
  );
}

interface Checked {
  readonly version: RoomVersion;
  readonly create: RoomEvent;
  readonly malformed: Verdict | undefined;
}

/** What was found of an event's own values last: in a conflict it is judged by hundreds of others. Events never change. */
const lastChecked = new WeakMap<RoomEvent, Checked>();

function malformedBy(judged: Judged): Verdict | undefined {
  const { event, version, create } = judged;
  const known = lastChecked.get(event);
  if (known?.version === version && known.create === create) return known.malformed;
  const malformed = checkValues(event.content, version) ?? checkUsers(judged);
  lastChecked.set(event, { version, create, malformed });
  return malformed;
}

/** Whether every level is one in this room version. */
function checkValues(content: JsonObject, version: RoomVersion): Verdict | undefined {
  for (const name of levelNames) {
    if (content[name] === undefined || readPowerLevelValue(content[name], version) !== undefined) continue;
    if (!version.integerPowerLevels) return reject(version, 'power-levels', unreadableSentence);
    // Since v10.
    const sentence =
      'If any of the properties `users_default`, `events_default`, `state_default`, `ban`, `redact`, `kick`, or `invite` in `content` are present and not an integer, reject.';
    return reject(version, 'power-levels.levels-integer', sentence);
  }
  for (const name of ['events', 'notifications']) {
    if (name === 'notifications' && !version.limitNotificationsPowerLevels) continue;
    if (content[name] === undefined || isMapOfLevels(content[name], version)) continue;
    if (!version.integerPowerLevels) return reject(version, 'power-levels', unreadableSentence);
    // Since v10.
    const sentence =
      'If either of the properties `events` or `notifications` in `content` are present and not an object with values that are integers, reject.';
    return reject(version, 'power-levels.maps-integer', sentence);
  }
  return undefined;
}

/** Until v9 no numbered rule says it, only the format: a value that is no level could not be compared with any other. */
const unreadableSentence =
  'Each of the integer-valued properties within `m.room.power_levels` events can be encoded as strings instead of integers … they must be the following format: a single base 10 integer.';

function isMapOfLevels(value: Json | undefined, version: RoomVersion): value is JsonObject {
  if (!isJsonObject(value)) return false;
  for (const key of Object.keys(value)) {
    if (readPowerLevelValue(value[key], version) === undefined) return false;
  }
  return true;
}

function checkUsers({ event, version, create }: Judged): Verdict | undefined {
  const { users } = event.content;
  // Read literally the rule rejects content without users; every implementation allows it.
  if (users === undefined) return undefined;
  const names = isMapOfLevels(users, version) ? Object.keys(users) : undefined;
  if (names === undefined || !names.every((name) => isUserId(name))) {
    const strings = version.integerPowerLevels ? '' : ' (or a string that is an integer)';
    const sentence = `If the \`users\` property in \`content\` is not an object with keys that are valid user IDs with values that are integers${strings}, reject.`;
    return reject(version, 'power-levels.users', sentence);
  }
  // Since v12.
  if (version.privilegedCreators && names.some((name) => isCreator(name, create, version))) {
    const sentence =
      'If the `users` property in `content` contains the `sender` of the `m.room.create` event or any of the `additional_creators` array (if present) from the `content` of the `m.room.create` event, reject.';
    return reject(version, 'power-levels.creators', sentence, create);
  }
  return undefined;
}

/** A level before and after; undefined: absent. */
interface Change {
  readonly key: string;
  readonly before: number | undefined;
  readonly after: number | undefined;
}

/** The entries that differ between two maps of levels. "50" and 50 do not differ. */
function changes(version: RoomVersion, before: Json | undefined, after: Json | undefined): Change[] {
  if (before === after) return [];
  const old = isJsonObject(before) ? before : {};
  const new_ = isJsonObject(after) ? after : {};
  const changed: Change[] = [];
  const compare = (key: string, one: Json | undefined, other: Json | undefined): void => {
    if (one === other) return;
    const change = { key, before: readPowerLevelValue(one, version), after: readPowerLevelValue(other, version) };
    if (change.before !== change.after) changed.push(change);
  };
  for (const key of Object.keys(old)) compare(key, old[key], ownValue(new_, key));
  for (const key of Object.keys(new_)) if (!Object.hasOwn(old, key)) compare(key, undefined, new_[key]);
  return changed;
}

/** "For the properties users_default, … check if they were added, changed or removed. For each found alteration:" */
function checkLevels({ event, version }: Judged, previous: RoomEvent, power: number): Verdict | undefined {
  for (const name of levelNames) {
    const before = readPowerLevelValue(previous.content[name], version);
    const after = readPowerLevelValue(event.content[name], version);
    if (before === after) continue;
    const altered = `For the property \`${name}\`, added, changed or removed`;
    // An absent property has no value to be too high, whatever its default.
    if (before !== undefined && before > power) {
      const sentence = `${altered}: If the current value is greater than the \`sender\`'s current power level, reject.`;
      return reject(version, 'power-levels.levels.1', sentence, previous);
    }
    if (after !== undefined && after > power) {
      const sentence = `${altered}: If the new value is greater than the \`sender\`'s current power level, reject.`;
      return reject(version, 'power-levels.levels.2', sentence, previous);
    }
  }
  return undefined;
}

function checkEntries({ event, version }: Judged, previous: RoomEvent, power: number): Verdict | undefined {
  // Since v6 also notifications.
  const maps = version.limitNotificationsPowerLevels ? ['events', 'notifications'] : ['events'];
  const where = version.limitNotificationsPowerLevels ? '`events` or `notifications` properties' : '`events` property';
  for (const map of maps) {
    for (const { before, after } of changes(version, previous.content[map], event.content[map])) {
      if (before !== undefined && before > power) {
        const sentence = `For each entry being changed in, or removed from, the ${where}: If the current value is greater than the \`sender\`'s current power level, reject.`;
        return reject(version, 'power-levels.entries-removed.1', sentence, previous);
      }
      if (after !== undefined && after > power) {
        const sentence = `For each entry being added to, or changed in, the ${where}: If the new value is greater than the \`sender\`'s current power level, reject.`;
        return reject(version, 'power-levels.entries-added.1', sentence, previous);
      }
    }
  }
  return undefined;
}

function checkUserEntries({ event, version }: Judged, previous: RoomEvent, power: number): Verdict | undefined {
  for (const { key, before, after } of changes(version, previous.content.users, event.content.users)) {
    if (key !== event.sender && before !== undefined && before >= power) {
      const sentence =
        "For each entry being changed in, or removed from, the `users` property, other than the `sender`'s own entry: If the current value is greater than or equal to the `sender`'s current power level, reject.";
      return reject(version, 'power-levels.users-removed.1', sentence, previous);
    }
    if (after !== undefined && after > power) {
      const sentence =
        "For each entry being added to, or changed in, the `users` property: If the new value is greater than the `sender`'s current power level, reject.";
      return reject(version, 'power-levels.users-added.1', sentence, previous);
    }
  }
  return undefined;
}
