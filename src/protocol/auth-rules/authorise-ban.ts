// The rules of m.room.member with membership ban.

import { type Judged, memberOf, membershipIn, powerLevelsEventOf, powerLevelsIn } from './judged.ts';
import { allowed, reject, type Verdict } from './verdict.ts';

export function authoriseBan(judged: Judged, target: string): Verdict {
  const { event, version } = judged;
  const sender = memberOf(judged, event.sender);
  if (membershipIn(sender) !== 'join') {
    const sentence = "If the `sender`'s current membership state is not `join`, reject.";
    return reject(version, 'member.ban.1', sentence, sender);
  }
  const powerLevels = powerLevelsEventOf(judged);
  const levels = powerLevelsIn(judged, powerLevels);
  const power = levels.powerOf(event.sender);
  if (power >= levels.ban && levels.powerOf(target) < power) return allowed;
  const sentence =
    "If the `sender`'s power level is greater than or equal to the *ban level*, and the *target user*'s power level is less than the `sender`'s power level, allow. Otherwise, reject.";
  return reject(version, 'member.ban.3', sentence, powerLevels, sender);
}
