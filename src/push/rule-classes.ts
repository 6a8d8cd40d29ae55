// Push rules of users who changed something, compiled once per class of equal rules.

import { LruCache } from '../lib/lru-cache.ts';
import { type CompiledRules, compileRules } from '../protocol/push-rules/compile-rules.ts';
import type { Ruleset } from '../protocol/push-rules/ruleset.ts';
import { mergeRules, noUserPushRules, type UserPushRules } from '../protocol/push-rules/user-push-rules.ts';
import type { Database } from '../storage/database.ts';
import { pushRulesOfMany, usersWithPushRules } from '../storage/stores/push-rules.ts';

export interface RuleClass {
  readonly compiled: CompiledRules;
  /** Whether a rule asks for the owner's name in the room. */
  readonly needsName: boolean;
}

/** Stands for the owner of the rules; longer than any event, so no event can name it. */
export const nobody = '@'.repeat(65_537);

const CLASSES_MAX = 5_000;
const USERS_MAX = 100_000;

const needsName = (ruleset: Ruleset): boolean =>
  [...ruleset.override, ...ruleset.underride].some(
    (rule) => rule.enabled && rule.conditions?.some(({ kind }) => kind === 'contains_display_name'),
  );

const compile = (text: string): RuleClass => {
  const ruleset = mergeRules(nobody, JSON.parse(text) as UserPushRules);
  return { compiled: compileRules(ruleset, nobody), needsName: needsName(ruleset) };
};

export const createRuleClasses = (deps: { db: Database }) => {
  const classes = new LruCache<string, RuleClass>(CLASSES_MAX);
  const byUser = new LruCache<number, RuleClass>(USERS_MAX);
  /** Those who changed a rule for the first time since this process started. */
  const added = new Set<number>();
  let users: Set<number> | undefined;
  let loading: Promise<Set<number>> | undefined;
  let version = 1;
  let changes = 0;

  const load = async (): Promise<Set<number>> => {
    try {
      const stored = await deps.db.read(usersWithPushRules);
      users = new Set([...stored, ...added]);
      return users;
    } finally {
      loading = undefined;
    }
  };
  const classOf = (text: string): RuleClass => {
    const known = classes.get(text) ?? compile(text);
    classes.set(text, known);
    return known;
  };

  return {
    /** Of everybody who changed nothing. */
    defaults: compile(JSON.stringify(noUserPushRules)),

    /** Grows whenever somebody joins or leaves the set of users with rules of their own. */
    get version() {
      return version;
    },

    /** Everybody with rules of their own. */
    users(): ReadonlySet<number> | Promise<ReadonlySet<number>> {
      if (users) return users;
      loading ??= load();
      return loading;
    },

    /** In the order of the question; undefined for users with the default rules. */
    async classesOf(wanted: readonly number[]): Promise<(RuleClass | undefined)[]> {
      const found = wanted.map((user) => byUser.get(user));
      const absent = wanted.filter((_, index) => found[index] === undefined);
      if (absent.length === 0) return found;
      const changesBefore = changes;
      const rows = await deps.db.read((tx) => pushRulesOfMany(tx, absent));
      const loaded = new Map(rows.map(({ user, rules }) => [user, classOf(rules)]));
      // What changed while it was read is not remembered.
      if (changes === changesBefore) for (const [user, ruleClass] of loaded) byUser.set(user, ruleClass);
      return wanted.map((user, index) => found[index] ?? loaded.get(user));
    },

    /** Told when a user's rules changed on disk. */
    changed(user: number): void {
      changes++;
      byUser.delete(user);
      if (added.has(user) || users?.has(user)) return;
      added.add(user);
      users?.add(user);
      version++;
    },
  };
};

export type RuleClasses = ReturnType<typeof createRuleClasses>;
