// The rules of an invite that redeems an m.room.third_party_invite, signed by an identity server.

import { isJsonObject } from '../events/json.ts';
import { type Judged, memberOf, membershipIn } from './judged.ts';
import { isSignedByTokenKey } from './third-party-signature.ts';
import { allowed, reject, type Verdict } from './verdict.ts';

export function authoriseThirdPartyInvited(judged: Judged, target: string): Verdict {
  const { event, version, facts } = judged;
  const no = (step: number, sentence: string, ...inputs: Parameters<typeof reject>[3][]): Verdict =>
    reject(version, `member.invite.1.${step}`, sentence, ...inputs);
  const member = memberOf(judged, target);
  if (membershipIn(member) === 'ban') return no(1, 'If *target user* is banned, reject.', member);
  const invite = event.content.third_party_invite;
  const signed = isJsonObject(invite) ? invite.signed : undefined;
  if (!isJsonObject(signed)) {
    return no(2, 'If `content.third_party_invite` does not have a `signed` property, reject.');
  }
  const { mxid, token } = signed;
  if (typeof mxid !== 'string' || typeof token !== 'string') {
    return no(3, 'If `signed` does not have `mxid` and `token` properties, reject.');
  }
  if (mxid !== target) return no(4, 'If `mxid` does not match `state_key`, reject.');
  const issued = facts.state('m.room.third_party_invite', token);
  if (issued === undefined) {
    const sentence =
      'If there is no `m.room.third_party_invite` event in the current room state with `state_key` matching `token`, reject.';
    return no(5, sentence);
  }
  if (event.sender !== issued.sender) {
    return no(6, 'If `sender` does not match `sender` of the `m.room.third_party_invite`, reject.', issued);
  }
  if (isSignedByTokenKey(signed, issued.content, version)) return allowed;
  const sentence =
    'If any signature in `signed` matches any public key in the `m.room.third_party_invite` event, allow. … Otherwise, reject.';
  return no(8, sentence, issued);
}
