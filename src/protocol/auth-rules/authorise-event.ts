// Whether the authorisation rules of a room version allow an event, judged on given facts. Called on receipt against the
// auth events, the state before and the current state, before sending, and inside state resolution.
// Room versions 1 to 12, "Authorisation rules". The rules about auth_events themselves are in check-auth-events.ts.

import type { RoomEvent } from '../events/room-event.ts';
import { serverOf } from '../ids/id-parts.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import type { AuthFacts } from './auth-facts.ts';
import { authoriseCreate } from './authorise-create.ts';
import { authoriseMember } from './authorise-member.ts';
import { authorisePowerLevels } from './authorise-power-levels.ts';
import { authoriseRedaction } from './authorise-redaction.ts';
import { namesRoom, noCreateSentence, roomSentence } from './check-auth-events.ts';
import { type Judged, memberOf, membershipIn, powerLevelsEventOf, powerLevelsIn } from './judged.ts';
import { allowed, reject, type Verdict } from './verdict.ts';

/** Pure; asks `facts` only for what the rules of this event's type need. */
export function authoriseEvent(event: RoomEvent, version: RoomVersion, facts: AuthFacts): Verdict {
  // "If type is m.room.create: …"
  if (event.type === 'm.room.create') return authoriseCreate(event, version);
  const create = facts.state('m.room.create', '');
  if (version.roomIdIsCreateHash) {
    // Since v12.
    if (create === undefined || !namesRoom(create, event)) return reject(version, 'room', roomSentence, create);
  } else if (create === undefined) {
    // Until v11.
    return reject(version, 'auth-events.4', noCreateSentence);
  }
  if (create.content['m.federate'] === false && serverOf(event.sender) !== serverOf(create.sender)) {
    const sentence =
      'If the `content` of the `m.room.create` event in the room state has the property `m.federate` set to `false`, and the `sender` domain of the event does not match the `sender` domain of the create event, reject.';
    return reject(version, 'federate', sentence, create);
  }
  const judged: Judged = { event, version, facts, create };
  // Until v5: "If type is m.room.aliases: …"
  if (version.specialAliasesRule && event.type === 'm.room.aliases') return authoriseAliases(event, version);
  // "If type is m.room.member: …"
  if (event.type === 'm.room.member') return authoriseMember(judged);
  return authoriseByMember(judged);
}

/** Until v5: rule 4. */
function authoriseAliases(event: RoomEvent, version: RoomVersion): Verdict {
  if (event.stateKey === undefined) {
    return reject(version, 'aliases.1', 'If event has no `state_key`, reject.');
  }
  if (serverOf(event.sender) !== event.stateKey) {
    return reject(version, 'aliases.2', "If sender's domain doesn't match `state_key`, reject.");
  }
  // "Otherwise, allow."
  return allowed;
}

/** The rules that only joined members can pass. */
function authoriseByMember(judged: Judged): Verdict {
  const { event, version } = judged;
  const sender = memberOf(judged, event.sender);
  if (membershipIn(sender) !== 'join') {
    const sentence = "If the `sender`'s current membership state is not `join`, reject.";
    return reject(version, 'sender-joined', sentence, sender);
  }
  const powerLevels = powerLevelsEventOf(judged);
  const levels = powerLevelsIn(judged, powerLevels);
  const power = levels.powerOf(event.sender);
  if (event.type === 'm.room.third_party_invite') {
    if (power >= levels.invite) return allowed;
    const sentence =
      "If type is `m.room.third_party_invite`: Allow if and only if `sender`'s current power level is greater than or equal to the *invite level*.";
    return reject(version, 'third-party-invite.1', sentence, powerLevels, sender);
  }
  if (levels.required(event.type, event.stateKey !== undefined) > power) {
    const sentence = "If the event type's *required power level* is greater than the `sender`'s power level, reject.";
    return reject(version, 'required-power', sentence, powerLevels, sender);
  }
  if (event.stateKey?.startsWith('@') && event.stateKey !== event.sender) {
    const sentence = 'If the event has a `state_key` that starts with an `@` and does not match the `sender`, reject.';
    return reject(version, 'state-key-owner', sentence);
  }
  // "If type is m.room.power_levels: …"
  if (event.type === 'm.room.power_levels') return authorisePowerLevels(judged, powerLevels, power);
  // Until v2: "If type is m.room.redaction: …"
  if (version.redactionCheckedByAuthRules && event.type === 'm.room.redaction') {
    return authoriseRedaction(judged, powerLevels, levels);
  }
  // "Otherwise, allow."
  return allowed;
}
