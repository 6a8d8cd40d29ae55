// A ruleset made ready to judge events: compiled once per user or class of equal rulesets, evaluated for every event.

import type { Json } from '../events/json.ts';
import { bodyMatches, compileCondition, type Predicate } from './compile-condition.ts';
import type { PushContext, PushSubject } from './push-subject.ts';
import type { PushAction, PushRule, Ruleset } from './ruleset.ts';

/** What the first matching rule says. Shared between events: never mutate. */
export interface PushOutcome {
  readonly notify: boolean;
  /** Only ever true together with `notify`. */
  readonly highlight: boolean;
  readonly sound: string | undefined;
  /** Every tweak, as push gateways get them. */
  readonly tweaks: Readonly<Record<string, Json>>;
  /** Undefined: no rule matched. */
  readonly ruleId: string | undefined;
}

interface CompiledRule {
  readonly predicates: readonly Predicate[];
  readonly outcome: PushOutcome;
}

export interface CompiledRules {
  readonly override: readonly CompiledRule[];
  readonly content: readonly CompiledRule[];
  readonly room: ReadonlyMap<string, PushOutcome>;
  readonly sender: ReadonlyMap<string, PushOutcome>;
  readonly underride: readonly CompiledRule[];
}

/** No rule matched, or the user sent the event. */
export const noOutcome: PushOutcome = {
  notify: false,
  highlight: false,
  sound: undefined,
  tweaks: {},
  ruleId: undefined,
};

function outcomeOf(actions: readonly PushAction[], ruleId: string): PushOutcome {
  const tweaks: Record<string, Json> = Object.create(null);
  let notify = false;
  for (const action of actions) {
    // dont_notify and coalesce, and whatever else is unknown, "MUST" be ignored (Historical Actions).
    if (action === 'notify') notify = true;
    if (typeof action !== 'object' || typeof action.set_tweak !== 'string') continue;
    // "If a highlight tweak is given with no value, its value is defined to be true."
    const value = action.value ?? (action.set_tweak === 'highlight' ? true : undefined);
    if (value !== undefined) tweaks[action.set_tweak] = value;
  }
  const sound = typeof tweaks.sound === 'string' ? tweaks.sound : undefined;
  return { notify, highlight: notify && tweaks.highlight === true, sound, tweaks, ruleId };
}

function compileRule(rule: PushRule, owner: string | undefined): CompiledRule | undefined {
  if (!rule.enabled) return undefined;
  const predicates: Predicate[] = [];
  for (const condition of rule.conditions ?? []) {
    const predicate = compileCondition(condition, owner);
    if (predicate === undefined) return undefined;
    predicates.push(predicate);
  }
  return { predicates, outcome: outcomeOf(rule.actions, rule.rule_id) };
}

const isThere = <T>(value: T | undefined): value is T => value !== undefined;

const byRuleId = (rules: readonly PushRule[]): Map<string, PushOutcome> =>
  new Map(rules.filter((rule) => rule.enabled).map((rule) => [rule.rule_id, outcomeOf(rule.actions, rule.rule_id)]));

/**
 * `owner`: the user id that the rules speak of where they mean their owner; with it, one compiled ruleset serves
 * every user whose rules are the same but for that id.
 */
export function compileRules(ruleset: Ruleset, owner?: string): CompiledRules {
  return {
    override: ruleset.override.map((rule) => compileRule(rule, owner)).filter(isThere),
    content: ruleset.content
      .filter((rule) => rule.enabled && rule.pattern !== undefined)
      .map((rule) => ({
        predicates: [bodyMatches(rule.pattern ?? '')],
        outcome: outcomeOf(rule.actions, rule.rule_id),
      })),
    room: byRuleId(ruleset.room),
    sender: byRuleId(ruleset.sender),
    underride: ruleset.underride.map((rule) => compileRule(rule, owner)).filter(isThere),
  };
}

function firstMatch(
  rules: readonly CompiledRule[],
  subject: PushSubject,
  context: PushContext,
): PushOutcome | undefined {
  next: for (const { predicates, outcome } of rules) {
    for (const predicate of predicates) if (!predicate(subject, context)) continue next;
    return outcome;
  }
  return undefined;
}

/** Judges an event for `context.userId`: the first matching rule in the order override, content, room, sender, underride. */
export function evaluate(rules: CompiledRules, subject: PushSubject, context: PushContext): PushOutcome {
  // "Homeservers MUST NOT notify the Push Gateway for events that the user has sent themselves."
  if (subject.event.sender === context.userId) return noOutcome;
  return (
    firstMatch(rules.override, subject, context) ??
    firstMatch(rules.content, subject, context) ??
    rules.room.get(subject.event.roomId) ??
    rules.sender.get(subject.event.sender) ??
    firstMatch(rules.underride, subject, context) ??
    noOutcome
  );
}
