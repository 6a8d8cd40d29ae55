// The rules of m.room.member with membership knock, since version 7.

import { type Judged, joinRuleIn, memberOf, membershipIn } from './judged.ts';
import { allowed, reject, type Verdict } from './verdict.ts';

export function authoriseKnock(judged: Judged, target: string): Verdict {
  const { event, version, facts } = judged;
  const joinRules = facts.state('m.room.join_rules', '');
  const joinRule = joinRuleIn(joinRules);
  // Since v10 also knock_restricted.
  if (joinRule !== 'knock' && !(joinRule === 'knock_restricted' && version.allowKnockRestricted)) {
    const rules = version.allowKnockRestricted ? '`knock` or `knock_restricted`' : '`knock`';
    const sentence = `If the \`join_rule\` is anything other than ${rules}, reject.`;
    return reject(version, 'member.knock.1', sentence, joinRules);
  }
  if (event.sender !== target) {
    return reject(version, 'member.knock.2', 'If `sender` does not match `state_key`, reject.');
  }
  const sender = memberOf(judged, event.sender);
  const membership = membershipIn(sender);
  // "If the sender's current membership is not ban, invite, or join, allow."
  if (membership !== 'ban' && membership !== 'invite' && membership !== 'join') return allowed;
  const sentence = "If the `sender`'s current membership is not `ban`, `invite`, or `join`, allow. Otherwise, reject.";
  return reject(version, 'member.knock.4', sentence, sender);
}
