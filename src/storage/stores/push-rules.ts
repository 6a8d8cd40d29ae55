// What users changed about their push rules. Who has no row here has the default rules.

import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';
import { GLOBAL, putAccountDataWithin } from './account-data.ts';

export interface StoredPushRules {
  readonly user: number;
  /** JSON text of UserPushRules. */
  readonly rules: string;
}

/** JSON text of UserPushRules; undefined: the user has the default rules. */
export const pushRulesOf = async (tx: ReadTx, user: number): Promise<string | undefined> =>
  (await tx.get<{ rules: string }>('SELECT rules AS "rules" FROM push_rules WHERE user_nid = ?', user))?.rules;

/** In the order of the users' nids; those with the default rules are absent. */
export const pushRulesOfMany = (tx: ReadTx, users: readonly number[]): Promise<StoredPushRules[]> =>
  tx.all(
    `SELECT user_nid AS "user", rules AS "rules" FROM push_rules
     WHERE ${tx.dialect.anyInt('user_nid')} ORDER BY user_nid`,
    tx.dialect.list(users),
  );

/** Everybody who ever changed a rule. */
export const usersWithPushRules = async (tx: ReadTx): Promise<number[]> =>
  (await tx.all<{ user: number }>('SELECT user_nid AS "user" FROM push_rules')).map(({ user }) => user);

/** Users whose m.push_rules was made with other default rules than these; at most `limit`. */
export const outdatedPushRules = (
  tx: ReadTx,
  defaults: string,
  limit: number,
): Promise<(StoredPushRules & { readonly userId: UserId })[]> =>
  tx.all(
    `SELECT p.user_nid AS "user", p.rules AS "rules", u.user_id AS "userId" FROM push_rules p
     JOIN users u ON u.nid = p.user_nid WHERE p.defaults <> ? ORDER BY p.user_nid LIMIT ?`,
    defaults,
    limit,
  );

export interface PushRulesChange {
  readonly user: number;
  /** What the change was made from: nothing is written when something else stands there by now. */
  readonly before: string | undefined;
  readonly rules: string;
  /** The content of m.push_rules with the defaults in it, JSON text. */
  readonly merged: string;
  /** Names the default rules that `merged` was made with. */
  readonly defaults: string;
}

/** Whether it was written. Wakes the user's devices. */
export const putPushRules = writer('putPushRules', async (tx, change: PushRulesChange): Promise<boolean> => {
  const { user, rules, defaults, merged } = change;
  if ((await pushRulesOf(tx, user)) !== change.before) return false;
  await tx.run(
    `INSERT INTO push_rules (user_nid, rules, defaults) VALUES (?, ?, ?)
     ON CONFLICT (user_nid) DO UPDATE SET rules = excluded.rules, defaults = excluded.defaults`,
    user,
    rules,
    defaults,
  );
  await putAccountDataWithin(tx, { user, room: GLOBAL, type: 'm.push_rules', content: merged });
  return true;
});

/** Every m.ignored_user_list (JSON text) that was set after a position. */
export const ignoredUserListsSince = (
  tx: ReadTx,
  after: number,
): Promise<{ user: number; content: string; position: number }[]> =>
  tx.all(
    `SELECT user_nid AS "user", content AS "content", position AS "position" FROM account_data
     WHERE type = 'm.ignored_user_list' AND room = ${GLOBAL} AND position > ?`,
    after,
  );

/** Contents (JSON texts) of these users' m.room.member events in the room. */
export const memberContents = (
  tx: ReadTx,
  room: number,
  users: readonly number[],
): Promise<{ user: number; content: string }[]> =>
  tx.all(
    `SELECT m.user_nid AS "user", e.content AS "content" FROM memberships m JOIN events e ON e.nid = m.event
     WHERE m.room = ? AND ${tx.dialect.anyInt('m.user_nid')}`,
    room,
    tx.dialect.list(users),
  );
