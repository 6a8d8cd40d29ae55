// Push rules, pushers, receipts, and what of presence outlives a restart.

import type { Migration } from './migration.ts';

export const migration: Migration = {
  id: 5,
  name: 'push-ephemeral',
  statements: [
    // Only users who changed something. rules: JSON of what they changed (UserPushRules); what clients see, the defaults
    // merged in, stands in the account data m.push_rules.
    'CREATE TABLE push_rules (user_nid {int} PRIMARY KEY, rules {text} NOT NULL){strict}',
  ],
};
