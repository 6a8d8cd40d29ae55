// What is written of a room that was entered in part, once it has its whole state.

import type { WriteTx } from '../database.ts';
import { writer } from '../database.ts';
import { localMembers } from './memberships.ts';
import { insertIntroductions } from './outgoing-edus.ts';
import { isStateWhole } from './partial-joins.ts';
import { upsertMemberships } from './persist-membership.ts';
import { forgetPartialJoin } from './persist-partial-join.ts';
import type { MembershipRow } from './persist-rows.ts';
import { rejudgementsOf } from './received-events.ts';
import { serversOfRoom } from './room-servers.ts';
import { serversOfPartialJoin } from './server-questions.ts';

/** Memberships as the room's current state has them; those that are stored so already stay as they are. */
export const storeMemberships = writer(
  'storeMemberships',
  async (tx, { room, rows }: { readonly room: number; readonly rows: readonly MembershipRow[] }): Promise<void> => {
    const stored = await tx.all<{ user: number; membership: string; event: number }>(
      `SELECT user_nid AS "user", membership AS "membership", event AS "event" FROM memberships
       WHERE room = ? AND ${tx.dialect.anyInt('user_nid')}`,
      room,
      tx.dialect.list(rows.map(({ user }) => user)),
    );
    const before = new Map(stored.map((row) => [row.user, row]));
    const changed = rows.filter(({ user, membership, event }) => {
      const one = before.get(user);
      return one?.event !== event || one.membership !== membership;
    });
    if (changed.length === 0) return;
    const users = changed.filter(({ isLocal }) => isLocal).map(({ user }) => user);
    const position = await tx.nextPosition({ room, ...(users.length > 0 && { users }) });
    await upsertMemberships(tx, room, changed, position);
  },
);

/** The room is shown as whole from now on, if it has its whole state. False: events of it are to be judged again first. */
export const showWhole = writer('showWhole', async (tx, room: number): Promise<boolean> => {
  if (!(await isStateWhole(tx, room))) return true;
  if ((await rejudgementsOf(tx, room, 1)).length > 0) return false;
  const users = await localMembers(tx, room);
  const position = await tx.nextPosition({ room, users });
  await introduceToUntold(tx, room, users);
  await forgetPartialJoin(tx, room);
  await tx.run('UPDATE rooms SET residency = 1, whole_position = ? WHERE nid = ?', position, room);
  // Who keeps the rooms of users in memory reads these again.
  await tx.run(
    `UPDATE memberships SET position = ? WHERE room = ? AND is_local = 1 AND membership = 'join'`,
    position,
    room,
  );
  return true;
});

/** Servers that nobody told of are in the room may have missed how the devices of its users here changed. */
const introduceToUntold = async (tx: WriteTx, room: number, users: readonly number[]): Promise<void> => {
  const told = new Set(await serversOfPartialJoin(tx, room));
  const destinations = (await serversOfRoom(tx, room))
    .map(({ server }) => server)
    .filter((server) => !told.has(server));
  await insertIntroductions(
    tx,
    users.map((user) => ({ user, destinations })),
  );
};
