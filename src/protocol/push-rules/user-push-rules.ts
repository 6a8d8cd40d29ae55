// What one user changed: rules of their own, and the enabled flags and actions they gave to server-default rules.
// Kept apart from the defaults, so a new default reaches everybody and what the user set survives it.

import { defaultRules, masterRuleId } from './default-rules.ts';
import { emptyRuleset, type PushAction, type PushRule, type PushRuleKind, type Ruleset } from './ruleset.ts';

export interface DefaultRuleChange {
  readonly enabled?: boolean;
  readonly actions?: readonly PushAction[];
}

/** JSON as it is stored. */
export interface UserPushRules {
  /** The user's own rules, most important first. */
  readonly rules: Ruleset;
  /** By the rule id of a server-default rule. */
  readonly defaults: Readonly<Record<string, DefaultRuleChange>>;
}

export const noUserPushRules: UserPushRules = { rules: emptyRuleset, defaults: {} };

/** The user's whole ruleset, as clients see it and events are judged by it. */
export function mergeRules(userId: string, own: UserPushRules): Ruleset {
  const predefined = defaultRules(userId);
  const changed = (kind: PushRuleKind): PushRule[] =>
    predefined[kind].map((rule) =>
      Object.hasOwn(own.defaults, rule.rule_id) ? { ...rule, ...own.defaults[rule.rule_id] } : rule,
    );
  // "They operate at a lower priority than 'user-defined rules', except for the .m.rule.master rule" (Predefined Rules).
  const override = changed('override');
  const master = override.filter((rule) => rule.rule_id === masterRuleId);
  const others = override.filter((rule) => rule.rule_id !== masterRuleId);
  return {
    override: [...master, ...own.rules.override, ...others],
    content: [...own.rules.content, ...changed('content')],
    room: [...own.rules.room, ...changed('room')],
    sender: [...own.rules.sender, ...changed('sender')],
    underride: [...own.rules.underride, ...changed('underride')],
  };
}
