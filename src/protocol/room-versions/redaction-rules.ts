// What redaction keeps in each group of room versions, for the table of room versions.
// Room versions, "Redactions" of versions 1, 6, 8, 9 and 11.

import type { RedactionRules } from './room-version.ts';

const topLevel = [
  'event_id',
  'type',
  'room_id',
  'sender',
  'state_key',
  'content',
  'hashes',
  'signatures',
  'depth',
  'prev_events',
  'auth_events',
  'origin_server_ts',
] as const;

const powerLevels = [
  'ban',
  'events',
  'events_default',
  'kick',
  'redact',
  'state_default',
  'users',
  'users_default',
] as const;

const withAliases: RedactionRules = {
  topLevel: [...topLevel, 'prev_state', 'origin', 'membership'],
  content: {
    'm.room.member': ['membership'],
    'm.room.create': ['creator'],
    'm.room.join_rules': ['join_rule'],
    'm.room.power_levels': powerLevels,
    'm.room.history_visibility': ['history_visibility'],
    'm.room.aliases': ['aliases'],
  },
};

const { 'm.room.aliases': _aliases, ...contentSinceV6 } = withAliases.content;

/** Since v6: m.room.aliases has lost its special meaning. */
const withoutAliases: RedactionRules = { ...withAliases, content: contentSinceV6 };

/** Since v8: join rules keep `allow`. */
const withAllow: RedactionRules = {
  ...withoutAliases,
  content: { ...withoutAliases.content, 'm.room.join_rules': ['join_rule', 'allow'] },
};

/** Since v9: members keep `join_authorised_via_users_server`. */
const withAuthorisingServer: RedactionRules = {
  ...withAllow,
  content: { ...withAllow.content, 'm.room.member': ['membership', 'join_authorised_via_users_server'] },
};

/**
 * Since v11: create keeps everything, members keep `signed` of `third_party_invite`, power levels keep `invite`,
 * redactions keep `redacts`; `prev_state`, `origin` and `membership` go from the top level.
 */
const sinceV11: RedactionRules = {
  topLevel,
  content: {
    ...withAuthorisingServer.content,
    'm.room.member': ['membership', 'join_authorised_via_users_server', 'third_party_invite.signed'],
    'm.room.create': 'all',
    'm.room.power_levels': [...powerLevels, 'invite'],
    'm.room.redaction': ['redacts'],
  },
};

export const redactionRules = { withAliases, withoutAliases, withAllow, withAuthorisingServer, sinceV11 };
