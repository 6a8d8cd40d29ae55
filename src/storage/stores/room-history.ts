// What the rooms' past says: where a membership ended, what events replaced.

import type { ReadTx } from '../database.ts';

/** Changes of one membership that are followed back; who changed theirs more often since the last join never joined, for us. */
const CHANGES_MAX = 200;

interface MemberChange {
  readonly replaces: number | null;
  readonly position: number | null;
}

/** The position at which the room's first member is there; undefined for a room without a timeline. */
export const beginningOf = async (tx: ReadTx, room: number): Promise<number | undefined> => {
  const row = await tx.get<{ position: number }>(
    `SELECT e.position AS "position" FROM events e JOIN event_types t ON t.nid = e.type
     WHERE e.room = ? AND e.position IS NOT NULL AND t.type = 'm.room.member' ORDER BY e.position LIMIT 1`,
    room,
  );
  return row?.position;
};

/**
 * The stream position of the member event by which the last join ended, found from the current member event (a nid) backwards;
 * -Infinity when there was no join. `isJoin` tells of a member event's nid whether it is one.
 */
export const lastJoinEnd = async (
  tx: ReadTx,
  current: number,
  isJoin: (event: number) => Promise<boolean>,
): Promise<number> => {
  let event = current;
  for (let changes = 0; changes < CHANGES_MAX; changes++) {
    const row = await tx.get<MemberChange>(
      'SELECT replaces AS "replaces", position AS "position" FROM events WHERE nid = ?',
      event,
    );
    if (!row || row.replaces === null) break;
    if (await isJoin(row.replaces)) return row.position ?? Number.NEGATIVE_INFINITY;
    event = row.replaces;
  }
  return Number.NEGATIVE_INFINITY;
};
