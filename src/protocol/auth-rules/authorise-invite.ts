// The rules of m.room.member with membership invite.

import { authoriseThirdPartyInvited } from './authorise-third-party-invited.ts';
import { type Judged, memberOf, membershipIn, powerLevelsEventOf, powerLevelsIn } from './judged.ts';
import { allowed, reject, type Verdict } from './verdict.ts';

export function authoriseInvite(judged: Judged, target: string): Verdict {
  const { event, version } = judged;
  // "If content has a third_party_invite property: …"
  if (event.content.third_party_invite !== undefined) return authoriseThirdPartyInvited(judged, target);
  const sender = memberOf(judged, event.sender);
  if (membershipIn(sender) !== 'join') {
    const sentence = "If the `sender`'s current membership state is not `join`, reject.";
    return reject(version, 'member.invite.2', sentence, sender);
  }
  const member = memberOf(judged, target);
  const membership = membershipIn(member);
  if (membership === 'join' || membership === 'ban') {
    const sentence = "If *target user*'s current membership state is `join` or `ban`, reject.";
    return reject(version, 'member.invite.3', sentence, member);
  }
  const powerLevels = powerLevelsEventOf(judged);
  const levels = powerLevelsIn(judged, powerLevels);
  // "If the sender's power level is greater than or equal to the invite level, allow."
  if (levels.powerOf(event.sender) >= levels.invite) return allowed;
  const sentence =
    "If the `sender`'s power level is greater than or equal to the *invite level*, allow. Otherwise, reject.";
  return reject(version, 'member.invite.5', sentence, powerLevels, sender);
}
