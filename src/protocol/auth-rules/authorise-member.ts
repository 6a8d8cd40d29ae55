// The rules of m.room.member: what holds for every membership, and which rules each membership follows.

import { serverOf } from '../ids/id-parts.ts';
import { isUserId } from '../ids/user-id.ts';
import { authoriseBan } from './authorise-ban.ts';
import { authoriseInvite } from './authorise-invite.ts';
import { authoriseJoin } from './authorise-join.ts';
import { authoriseKnock } from './authorise-knock.ts';
import { authoriseLeave } from './authorise-leave.ts';
import type { Judged } from './judged.ts';
import { reject, type Verdict } from './verdict.ts';

export function authoriseMember(judged: Judged): Verdict {
  const { event, version, facts } = judged;
  const { stateKey, content } = event;
  if (stateKey === undefined || content.membership === undefined) {
    const sentence = 'If there is no `state_key` property, or no `membership` property in `content`, reject.';
    return reject(version, 'member.shape', sentence);
  }
  // Since v8: "If content has a join_authorised_via_users_server key:"
  const authoriser = version.allowRestrictedJoins ? content.join_authorised_via_users_server : undefined;
  if (authoriser !== undefined) {
    const valid = typeof authoriser === 'string' && isUserId(authoriser) && facts.signedBy(serverOf(authoriser));
    if (!valid) {
      const sentence =
        'If `content` has a `join_authorised_via_users_server` key: If the event is not validly signed by the homeserver of the user ID denoted by the key, reject.';
      return reject(version, 'member.authorising-signature.1', sentence);
    }
  }
  switch (content.membership) {
    case 'join':
      return authoriseJoin(judged, stateKey);
    case 'invite':
      return authoriseInvite(judged, stateKey);
    case 'leave':
      return authoriseLeave(judged, stateKey);
    case 'ban':
      return authoriseBan(judged, stateKey);
    case 'knock':
      // Since v7.
      if (version.allowKnocking) return authoriseKnock(judged, stateKey);
  }
  return reject(version, 'member.unknown', 'Otherwise, the membership is unknown. Reject.');
}
