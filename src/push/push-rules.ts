// The push rules of accounts: read with the defaults in them, changed one request at a time. Client-Server API, "Push Rules: API".

import { createHash } from 'node:crypto';
import { notFound } from '../protocol/errors/matrix-error.ts';
import type { RoomId, UserId } from '../protocol/ids/branded.ts';
import {
  deleteRule,
  putRule,
  type RulePosition,
  setActions,
  setEnabled,
} from '../protocol/push-rules/change-push-rules.ts';
import { defaultRules } from '../protocol/push-rules/default-rules.ts';
import type { PushRuleBody } from '../protocol/push-rules/parse-push-rule.ts';
import {
  findRule,
  type PushAction,
  type PushRule,
  type PushRuleKind,
  type Ruleset,
} from '../protocol/push-rules/ruleset.ts';
import { mergeRules, noUserPushRules, type UserPushRules } from '../protocol/push-rules/user-push-rules.ts';
import type { Database } from '../storage/database.ts';
import { userIdsOf } from '../storage/stores/names.ts';
import { outdatedPushRules, pushRulesOf, putPushRules } from '../storage/stores/push-rules.ts';
import { copyRoomRules } from './copy-room-rules.ts';
import type { RuleClasses } from './rule-classes.ts';

export interface RuleOwner {
  readonly user: number;
  readonly userId: UserId;
}

const parsed = (text: string | undefined): UserPushRules =>
  text === undefined ? noUserPushRules : (JSON.parse(text) as UserPushRules);

/** Names the default rules of this release. */
const defaultsName = createHash('sha256')
  .update(JSON.stringify(defaultRules('')))
  .digest('base64url')
  .slice(0, 16);

const OUTDATED_BATCH = 100;

/** The content of m.push_rules, JSON text. */
const contentText = (userId: UserId, own: UserPushRules): string => JSON.stringify({ global: mergeRules(userId, own) });

export const createPushRules = ({ db, ruleClasses }: { db: Database; ruleClasses: RuleClasses }) => {
  const rules = async ({ user, userId }: RuleOwner): Promise<Ruleset> =>
    mergeRules(userId, parsed(await db.read((tx) => pushRulesOf(tx, user))));

  /** `isRenewal`: writes also what `make` leaves as it is. */
  const change = async (
    { user, userId }: RuleOwner,
    make: (own: UserPushRules) => UserPushRules,
    isRenewal = false,
  ): Promise<void> => {
    for (;;) {
      const before = await db.read((tx) => pushRulesOf(tx, user));
      const known = parsed(before);
      const own = make(known);
      if (own === known && !isRenewal) return;
      const written = await db.write(putPushRules, {
        user,
        before,
        rules: JSON.stringify(own),
        merged: contentText(userId, own),
        defaults: defaultsName,
      });
      // Another request changed them meanwhile: this one is made upon its result.
      if (!written) continue;
      ruleClasses.changed(user);
      return;
    }
  };

  return {
    /** All rules in order, defaults included. */
    rules,

    /** Throws M_NOT_FOUND. */
    async rule(owner: RuleOwner, kind: PushRuleKind, ruleId: string): Promise<PushRule> {
      const rule = findRule(await rules(owner), kind, ruleId);
      if (!rule) throw notFound('The push rule was not found.');
      return rule;
    },

    /** Throws M_INVALID_PARAM, M_UNKNOWN for a place that is not there. */
    putRule: (owner: RuleOwner, kind: PushRuleKind, ruleId: string, body: PushRuleBody, position: RulePosition) =>
      change(owner, (own) => putRule(own, kind, ruleId, body, position)),

    /** Throws M_NOT_FOUND, M_INVALID_PARAM. */
    deleteRule: (owner: RuleOwner, kind: PushRuleKind, ruleId: string) =>
      change(owner, (own) => deleteRule(own, kind, ruleId)),

    /** Throws M_NOT_FOUND. */
    setEnabled: (owner: RuleOwner, kind: PushRuleKind, ruleId: string, enabled: boolean) =>
      change(owner, (own) => setEnabled(own, kind, ruleId, enabled)),

    /** Throws M_NOT_FOUND. */
    setActions: (owner: RuleOwner, kind: PushRuleKind, ruleId: string, actions: readonly PushAction[]) =>
      change(owner, (own) => setActions(own, kind, ruleId, actions)),

    /** Gives `to` the rules that the user has for `from`, where they have none for it yet. */
    async copyRoomRules(user: number, from: RoomId, to: RoomId): Promise<void> {
      const [userId] = await db.read((tx) => userIdsOf(tx, [user]));
      if (userId) await change({ user, userId }, (own) => copyRoomRules(own, from, to));
    },

    /** The content of m.push_rules as JSON text, also of those who never changed a rule and so have no account data. */
    async contentText({ user, userId }: RuleOwner): Promise<string> {
      return contentText(userId, parsed(await db.read((tx) => pushRulesOf(tx, user))));
    },

    /** At start: a new release's default rules reach those who have changed theirs. */
    async renewOutdated(): Promise<void> {
      for (;;) {
        const outdated = await db.read((tx) => outdatedPushRules(tx, defaultsName, OUTDATED_BATCH));
        for (const owner of outdated) await change(owner, (own) => own, true);
        if (outdated.length < OUTDATED_BATCH) return;
      }
    },
  };
};

export type PushRules = ReturnType<typeof createPushRules>;
