// The rules of m.room.member with membership join.

import { creatorOf } from './creators.ts';
import { type Judged, joinRuleIn, memberOf, membershipIn, powerLevelsEventOf, powerLevelsIn } from './judged.ts';
import { allowed, reject, type Verdict } from './verdict.ts';

export function authoriseJoin(judged: Judged, target: string): Verdict {
  const { event, version, create, facts } = judged;
  // Until v10: "If the only previous event is an m.room.create and the state_key is the creator, allow."
  // Since v11: "… and the state_key is the sender of the m.room.create, allow."
  const first = event.prevEvents.length === 1 && event.prevEvents[0] === create.eventId;
  if (first && target === creatorOf(create, version)) return allowed;
  if (event.sender !== target) {
    return reject(version, 'member.join.sender', 'If the `sender` does not match `state_key`, reject.');
  }
  const member = memberOf(judged, target);
  const membership = membershipIn(member);
  if (membership === 'ban') {
    return reject(version, 'member.join.banned', 'If the `sender` is banned, reject.', member);
  }
  const joinRules = facts.state('m.room.join_rules', '');
  const joinRule = joinRuleIn(joinRules);
  // "If the join_rule is invite then allow if membership state is invite or join."
  // Since v7: "If the join_rule is invite or knock …"
  const invitedOrJoined = membership === 'invite' || membership === 'join';
  if (joinRule === 'invite' || (joinRule === 'knock' && version.allowKnocking)) {
    if (invitedOrJoined) return allowed;
    const sentence = 'If the `join_rule` is `invite` or `knock` then allow if membership state is `invite` or `join`.';
    return reject(version, 'member.join.otherwise', `${sentence} … Otherwise, reject.`, joinRules, member);
  }
  // Since v8: "If the join_rule is restricted:" Since v10: "… restricted or knock_restricted:"
  if (
    (joinRule === 'restricted' && version.allowRestrictedJoins) ||
    (joinRule === 'knock_restricted' && version.allowKnockRestricted)
  ) {
    // "If membership state is join or invite, allow." "Otherwise, allow."
    return invitedOrJoined ? allowed : checkAuthorised(judged);
  }
  // "If the join_rule is public, allow."
  if (joinRule === 'public') return allowed;
  return reject(version, 'member.join.otherwise', 'Otherwise, reject.', joinRules, member);
}

/** Since v8: whether the user named by join_authorised_via_users_server can let others in. */
function checkAuthorised(judged: Judged): Verdict {
  const name = judged.event.content.join_authorised_via_users_server;
  const powerLevels = powerLevelsEventOf(judged);
  const authoriser = typeof name === 'string' ? memberOf(judged, name) : undefined;
  if (typeof name === 'string' && membershipIn(authoriser) === 'join') {
    const levels = powerLevelsIn(judged, powerLevels);
    if (levels.powerOf(name) >= levels.invite) return allowed;
  }
  const sentence =
    'If the `join_authorised_via_users_server` key in `content` is not a user with sufficient permission to invite other users or is not a joined member of the room, reject.';
  return reject(judged.version, 'member.join.restricted.2', sentence, authoriser, powerLevels);
}
