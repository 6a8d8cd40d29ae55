// One power level value as a room version allows it. Room versions 1 to 9: strings; 1 to 5: floats; since 10: integers.

import { isRawNumber } from '../canonical-json/raw-number.ts';
import type { Json } from '../events/json.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';

/**
 * "a single base 10 integer, no float values or decimal points, optionally with any number of leading zeroes;
 * optionally prefixed with a single - or + character; optionally with any number of leading or trailing whitespace."
 */
const INTEGER_IN_STRING = /^\s*[+-]?[0-9]+\s*$/;

/** The level, or undefined when the value is no power level in this room version. */
export function readPowerLevelValue(value: Json | undefined, version: RoomVersion): number | undefined {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? value : readFloat(value, version);
  }
  if (isRawNumber(value)) return readFloat(value.value, version);
  // Since v10: "power levels MUST NOT be represented as strings within this room version".
  if (typeof value !== 'string' || version.integerPowerLevels || !INTEGER_IN_STRING.test(value)) return undefined;
  const level = Number(value.trim());
  return Number.isFinite(level) ? level : undefined;
}

/** Until v5: "the value is truncated at the decimal point"; values outside a double "cause the event to be rejected". */
function readFloat(value: number, version: RoomVersion): number | undefined {
  return version.floatPowerLevels && Number.isFinite(value) ? Math.trunc(value) : undefined;
}
