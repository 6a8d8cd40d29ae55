// The number a rule of authorisation has in a given room version, from its name. Versions insert and remove rules, so
// the same rule is 5.2.3 in version 1 and 4.3.3 in version 8. Used only when an event is rejected.

import type { RoomVersion } from '../room-versions/room-version.ts';

type Names = readonly (string | false)[];

/** By list of rules: their names in the order of the specification; false: not in this version. */
const lists: Readonly<Record<string, (version: RoomVersion) => Names>> = {
  '': (version) => [
    'create',
    version.roomIdIsCreateHash && 'room',
    'auth-events',
    'federate',
    version.specialAliasesRule && 'aliases',
    'member',
    'sender-joined',
    'third-party-invite',
    'required-power',
    'state-key-owner',
    'power-levels',
    version.redactionCheckedByAuthRules && 'redaction',
  ],
  member: (version) => [
    'shape',
    version.allowRestrictedJoins && 'authorising-signature',
    'join',
    'invite',
    'leave',
    'ban',
    version.allowKnocking && 'knock',
    'unknown',
  ],
  'member.join': (version) => [
    'creator',
    'sender',
    'banned',
    'invite',
    version.allowRestrictedJoins && 'restricted',
    'public',
    'otherwise',
  ],
  'power-levels': (version) => [
    version.integerPowerLevels && 'levels-integer',
    version.integerPowerLevels && 'maps-integer',
    'users',
    version.privilegedCreators && 'creators',
    'no-previous',
    'levels',
    'entries-removed',
    'entries-added',
    'users-removed',
    'users-added',
  ],
};

/** `path`: names or numbers joined by dots, e.g. "member.join.restricted.2" or "create.1". */
export function ruleNumber(version: RoomVersion, path: string): string {
  const numbers: string[] = [];
  let list = '';
  for (const name of path.split('.')) {
    if (/^\d+$/.test(name)) {
      numbers.push(name);
      continue;
    }
    const index = (lists[list]?.(version) ?? []).filter((entry) => entry !== false).indexOf(name);
    if (index < 0) throw new Error(`room version ${version.id} has no authorisation rule ${path}`);
    numbers.push(String(index + 1));
    list = list === '' ? name : `${list}.${name}`;
  }
  return numbers.join('.');
}
