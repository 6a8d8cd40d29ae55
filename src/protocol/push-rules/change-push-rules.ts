// Changes to a user's push rules, each from one value to the next. Client-Server API, "Push Rules: API".

import { invalidParam, notFound, unknownError } from '../errors/matrix-error.ts';
import { defaultRules } from './default-rules.ts';
import { checkRuleId, type PushRuleBody } from './parse-push-rule.ts';
import { findRule, type PushAction, type PushRule, type PushRuleKind, pushRuleKinds } from './ruleset.ts';
import type { DefaultRuleChange, UserPushRules } from './user-push-rules.ts';

const OWN_RULES_MAX = 2000;

export interface RulePosition {
  /** Make the rule the next more important one than this. */
  readonly before?: string | undefined;
  /** Make the rule the next less important one than this. */
  readonly after?: string | undefined;
}

const noRule = () => notFound('The push rule was not found.');

const withRules = (own: UserPushRules, kind: PushRuleKind, rules: readonly PushRule[]): UserPushRules => ({
  ...own,
  rules: { ...own.rules, [kind]: rules },
});

function anchor(rules: readonly PushRule[], ruleId: string): number {
  // "It is not possible to add a rule relative to a predefined server rule."
  if (ruleId.startsWith('.')) throw invalidParam(`before/after rule is a server-default rule: ${ruleId.slice(0, 255)}`);
  const index = rules.findIndex((rule) => rule.rule_id === ruleId);
  if (index < 0) throw unknownError(`before/after rule not found: ${ruleId.slice(0, 255)}`);
  return index;
}

function placeFor(rules: readonly PushRule[], { before, after }: RulePosition): number {
  const below = after === undefined ? 0 : anchor(rules, after) + 1;
  // "If both after and before are provided, the new or updated rule must be the next most important rule with respect
  // to the rule identified by before."
  return before === undefined ? below : anchor(rules, before);
}

/** Adds or changes a rule of the user's own. Throws M_INVALID_PARAM, or M_UNKNOWN when `before` or `after` is not there. */
export function putRule(
  own: UserPushRules,
  kind: PushRuleKind,
  ruleId: string,
  body: PushRuleBody,
  position: RulePosition = {},
): UserPushRules {
  checkRuleId(ruleId);
  const rules = own.rules[kind];
  const old = rules.find((rule) => rule.rule_id === ruleId);
  // "When creating push rules, they MUST be enabled by default."
  const rule: PushRule = { rule_id: ruleId, default: false, enabled: old?.enabled ?? true, ...body };
  if (old !== undefined && position.before === undefined && position.after === undefined) {
    return withRules(
      own,
      kind,
      rules.map((each) => (each === old ? rule : each)),
    );
  }
  const count = pushRuleKinds.reduce((sum, each) => sum + own.rules[each].length, 0);
  if (old === undefined && count >= OWN_RULES_MAX) throw invalidParam(`more than ${OWN_RULES_MAX} push rules`);
  const others = rules.filter((each) => each !== old);
  const place = placeFor(others, position);
  return withRules(own, kind, [...others.slice(0, place), rule, ...others.slice(place)]);
}

/** Throws M_NOT_FOUND, or M_INVALID_PARAM for a server-default rule. */
export function deleteRule(own: UserPushRules, kind: PushRuleKind, ruleId: string): UserPushRules {
  if (findRule(defaultRules(''), kind, ruleId)) throw invalidParam('server-default rules cannot be deleted');
  if (!findRule(own.rules, kind, ruleId)) throw noRule();
  return withRules(
    own,
    kind,
    own.rules[kind].filter((rule) => rule.rule_id !== ruleId),
  );
}

function changeRule(own: UserPushRules, kind: PushRuleKind, ruleId: string, change: DefaultRuleChange): UserPushRules {
  if (findRule(defaultRules(''), kind, ruleId)) {
    return { ...own, defaults: { ...own.defaults, [ruleId]: { ...own.defaults[ruleId], ...change } } };
  }
  if (!findRule(own.rules, kind, ruleId)) throw noRule();
  return withRules(
    own,
    kind,
    own.rules[kind].map((rule) => (rule.rule_id === ruleId ? { ...rule, ...change } : rule)),
  );
}

/** For the user's own and for server-default rules. Throws M_NOT_FOUND. */
export const setEnabled = (own: UserPushRules, kind: PushRuleKind, ruleId: string, enabled: boolean): UserPushRules =>
  changeRule(own, kind, ruleId, { enabled });

/** For the user's own and for server-default rules. Throws M_NOT_FOUND. */
export const setActions = (
  own: UserPushRules,
  kind: PushRuleKind,
  ruleId: string,
  actions: readonly PushAction[],
): UserPushRules => changeRule(own, kind, ruleId, { actions });
