// The server-default push rules that every user has. Client-Server API v1.19, "Predefined Rules".

import type { PushAction, PushCondition, PushRule, Ruleset } from './ruleset.ts';

const sound = (value: string): PushAction => ({ set_tweak: 'sound', value });
const highlight: PushAction = { set_tweak: 'highlight' };
const match = (key: string, pattern: string): PushCondition => ({ kind: 'event_match', key, pattern });
const ofType = (type: string): PushCondition => match('type', type);
const emptyStateKey = match('state_key', '');
const oneToOne: PushCondition = { kind: 'room_member_count', is: '2' };

const rule = (
  name: string,
  conditions: readonly PushCondition[],
  actions: readonly PushAction[],
  enabled = true,
): PushRule => ({ rule_id: `.m.rule.${name}`, default: true, enabled, conditions, actions });

/** `userId`: whose rules these are; two of them speak of their owner. */
export const defaultRules = (userId: string): Ruleset => ({
  override: [
    rule('master', [], [], false),
    rule('suppress_notices', [match('content.msgtype', 'm.notice')], []),
    rule(
      'invite_for_me',
      [ofType('m.room.member'), match('content.membership', 'invite'), match('state_key', userId)],
      ['notify', sound('default')],
    ),
    rule('member_event', [ofType('m.room.member')], []),
    rule(
      'is_user_mention',
      [{ kind: 'event_property_contains', key: 'content.m\\.mentions.user_ids', value: userId }],
      ['notify', sound('default'), highlight],
    ),
    rule(
      'is_room_mention',
      [
        { kind: 'event_property_is', key: 'content.m\\.mentions.room', value: true },
        { kind: 'sender_notification_permission', key: 'room' },
      ],
      ['notify', highlight],
    ),
    rule('tombstone', [ofType('m.room.tombstone'), emptyStateKey], ['notify', highlight]),
    rule('reaction', [ofType('m.reaction')], []),
    rule('room.server_acl', [ofType('m.room.server_acl'), emptyStateKey], []),
    rule(
      'suppress_edits',
      [{ kind: 'event_property_is', key: 'content.m\\.relates_to.rel_type', value: 'm.replace' }],
      [],
    ),
  ],
  content: [],
  room: [],
  sender: [],
  underride: [
    rule('call', [ofType('m.call.invite')], ['notify', sound('ring')]),
    rule('encrypted_room_one_to_one', [oneToOne, ofType('m.room.encrypted')], ['notify', sound('default')]),
    rule('room_one_to_one', [oneToOne, ofType('m.room.message')], ['notify', sound('default')]),
    rule('message', [ofType('m.room.message')], ['notify']),
    rule('encrypted', [ofType('m.room.encrypted')], ['notify']),
  ],
});

/** The one server-default rule that stands above the user's own. */
export const masterRuleId = '.m.rule.master';
