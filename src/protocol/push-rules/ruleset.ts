// Push rules in their wire form. Client-Server API, "Push Rules".

import type { Json } from '../events/json.ts';

/** In the order in which the kinds are checked. */
export const pushRuleKinds = ['override', 'content', 'room', 'sender', 'underride'] as const;
export type PushRuleKind = (typeof pushRuleKinds)[number];

export const isPushRuleKind = (text: string): text is PushRuleKind =>
  (pushRuleKinds as readonly string[]).includes(text);

export type PushAction = string | { readonly [key: string]: Json };
/** `kind` is a string; what else there is depends on it. Unknown kinds are kept and never match. */
export type PushCondition = { readonly kind: string; readonly [key: string]: Json };

export interface PushRule {
  readonly rule_id: string;
  readonly default: boolean;
  readonly enabled: boolean;
  readonly actions: readonly PushAction[];
  /** override and underride only. */
  readonly conditions?: readonly PushCondition[];
  /** content only. */
  readonly pattern?: string;
}

/** Every rule in order of importance within its kind: the value of `global` in GET /pushrules/ and m.push_rules. */
export type Ruleset = { readonly [kind in PushRuleKind]: readonly PushRule[] };

export const emptyRuleset: Ruleset = { override: [], content: [], room: [], sender: [], underride: [] };

export const findRule = (ruleset: Ruleset, kind: PushRuleKind, ruleId: string): PushRule | undefined =>
  ruleset[kind].find((rule) => rule.rule_id === ruleId);
