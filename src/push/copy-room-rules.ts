// A user's push rules for one room, made to hold for another: after an upgrade. Client-Server API, "Room Upgrades".

import type { RoomId } from '../protocol/ids/branded.ts';
import type { PushCondition, PushRule } from '../protocol/push-rules/ruleset.ts';
import type { UserPushRules } from '../protocol/push-rules/user-push-rules.ts';

const namesRoom = ({ kind, key, pattern }: PushCondition, roomId: string): boolean =>
  kind === 'event_match' && key === 'room_id' && pattern === roomId;

/** Rules whose ids are taken are left out. */
const withCopies = (
  rules: readonly PushRule[],
  isOfRoom: (rule: PushRule) => boolean,
  copy: (rule: PushRule) => PushRule,
): readonly PushRule[] => {
  const copies = rules.filter(isOfRoom).map(copy);
  return [...rules, ...copies.filter(({ rule_id: id }) => !rules.some((rule) => rule.rule_id === id))];
};

/** `own` with the rules for `from` also for `to`; the same object when there are none. */
export const copyRoomRules = (own: UserPushRules, from: RoomId, to: RoomId): UserPushRules => {
  const { rules } = own;
  // Clients mute a room by an override rule on its id.
  const muteNames = (rule: PushRule): boolean => rule.conditions?.some((each) => namesRoom(each, from)) ?? false;
  const override = withCopies(rules.override, muteNames, (rule) => ({
    ...rule,
    rule_id: rule.rule_id === from ? to : `${rule.rule_id.slice(0, 200)}.${to}`,
    conditions: rule.conditions?.map((each) => (namesRoom(each, from) ? { ...each, pattern: to } : each)) ?? [],
  }));
  const room = withCopies(
    rules.room,
    (rule) => rule.rule_id === from,
    (rule) => ({ ...rule, rule_id: to }),
  );
  const isUnchanged = override.length === rules.override.length && room.length === rules.room.length;
  return isUnchanged ? own : { ...own, rules: { ...rules, override, room } };
};
