// The part `push`: push rules of accounts and unread counts. Whom an event notifies is judged in judge.ts, for the room engine.

import type { Database } from '../storage/database.ts';
import { createPushRules, type PushRules } from './push-rules.ts';
import type { RuleClasses } from './rule-classes.ts';
import { unreadCounts } from './unread.ts';

export interface PushDeps {
  readonly db: Database;
  readonly ruleClasses: RuleClasses;
}

export interface Push {
  readonly rules: PushRules;
  readonly unreadCounts: typeof unreadCounts;
}

export const createPush = ({ db, ruleClasses }: PushDeps): Push => ({
  rules: createPushRules({ db, ruleClasses }),
  unreadCounts,
});
