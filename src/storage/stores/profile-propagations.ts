// Whose changed profile is not in all of their member events yet, so that a restart does not lose it.

import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';

export const beginPropagation = writer('beginPropagation', async (tx, user: number): Promise<void> => {
  await tx.run('INSERT INTO profile_propagations (user_nid) VALUES (?) ON CONFLICT DO NOTHING', user);
});

export const endPropagation = writer('endPropagation', async (tx, user: number): Promise<void> => {
  await tx.run('DELETE FROM profile_propagations WHERE user_nid = ?', user);
});

export const unfinishedPropagations = (tx: ReadTx): Promise<{ user: number; userId: UserId }[]> =>
  tx.all(
    `SELECT p.user_nid AS "user", u.user_id AS "userId" FROM profile_propagations p
     JOIN users u ON u.nid = p.user_nid ORDER BY p.user_nid`,
  );
