// Questions about all members of a room wait while the room is entered without them. MSC3902, "Faster remote room joins".

import type { Clock } from '../../lib/clock.ts';
import { notWholeYet } from '../../protocol/errors/matrix-error.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import type { Database } from '../../storage/database.ts';
import { roomById } from '../../storage/stores/rooms.ts';

/** Clients and proxies wait for an answer for about a minute. */
const WAIT_MS_MAX = 30_000;
const LOOK_MS = 200;

/** Resolves at once for rooms that are whole or not here. Throws M_UNKNOWN (503) when it takes too long. */
export const createUntilWhole = ({ db, clock }: { readonly db: Database; readonly clock: Clock }) => {
  const isPartial = async (roomId: RoomId): Promise<boolean> =>
    (await db.read((tx) => roomById(tx, roomId)))?.isPartial === true;
  return async (roomId: RoomId): Promise<void> => {
    const deadline = clock.monotonic() + WAIT_MS_MAX;
    while (await isPartial(roomId)) {
      if (clock.monotonic() >= deadline) throw notWholeYet('The members of this room are still being fetched.');
      await clock.sleep(LOOK_MS);
    }
  };
};
