// The rules of m.room.member with membership leave: leaving, declining, kicking and unbanning.

import { type Judged, memberOf, membershipIn, powerLevelsEventOf, powerLevelsIn } from './judged.ts';
import { allowed, reject, type Verdict } from './verdict.ts';

export function authoriseLeave(judged: Judged, target: string): Verdict {
  const { event, version } = judged;
  const sender = memberOf(judged, event.sender);
  const senderMembership = membershipIn(sender);
  if (event.sender === target) {
    // Until v6: "invite or join". Since v7: "invite, join, or knock".
    if (senderMembership === 'invite' || senderMembership === 'join') return allowed;
    if (senderMembership === 'knock' && version.allowKnocking) return allowed;
    const states = version.allowKnocking ? '`invite`, `join`, or `knock`' : '`invite` or `join`';
    const sentence = `If the \`sender\` matches \`state_key\`, allow if and only if that user's current membership state is ${states}.`;
    return reject(version, 'member.leave.1', sentence, sender);
  }
  if (senderMembership !== 'join') {
    const sentence = "If the `sender`'s current membership state is not `join`, reject.";
    return reject(version, 'member.leave.2', sentence, sender);
  }
  const member = memberOf(judged, target);
  const powerLevels = powerLevelsEventOf(judged);
  const levels = powerLevelsIn(judged, powerLevels);
  const power = levels.powerOf(event.sender);
  if (membershipIn(member) === 'ban' && power < levels.ban) {
    const sentence =
      "If the *target user*'s current membership state is `ban`, and the `sender`'s power level is less than the *ban level*, reject.";
    return reject(version, 'member.leave.3', sentence, member, powerLevels);
  }
  if (power >= levels.kick && levels.powerOf(target) < power) return allowed;
  const sentence =
    "If the `sender`'s power level is greater than or equal to the *kick level*, and the *target user*'s power level is less than the `sender`'s power level, allow. Otherwise, reject.";
  return reject(version, 'member.leave.5', sentence, powerLevels, sender);
}
