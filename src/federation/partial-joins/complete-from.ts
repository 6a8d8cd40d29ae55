// Makes a room whole by what one server tells of it.

import type { Log } from '../../lib/log.ts';
import { PeerError } from '../../peers/peer-error.ts';
import { MatrixError } from '../../protocol/errors/matrix-error.ts';
import type { RoomId, ServerName } from '../../protocol/ids/branded.ts';
import type { Receive } from '../../rooms/receive/incoming.ts';
import type { Database } from '../../storage/database.ts';
import { notePartialJoinProgress, type PartialJoin } from '../../storage/stores/partial-joins.ts';
import { createFetchState, type FetchStateDeps } from './fetch-state.ts';

export interface CompletingDeps extends FetchStateDeps {
  readonly receive: FetchStateDeps['receive'] & Pick<Receive, 'completeJoin' | 'finishJoin'>;
  readonly db: Database;
  readonly log: Log;
}

/** Whether the room is whole now. */
export type CompleteFrom = (join: PartialJoin, server: ServerName) => Promise<boolean>;

export const createCompleteFrom = (
  deps: CompletingDeps,
  signal: AbortSignal,
  onMissing: (roomId: RoomId, missing: number) => void,
): CompleteFrom => {
  const { db, log, receive } = deps;
  const fetchState = createFetchState(deps);

  return async (join, server) => {
    const { room, roomId, joinEventId } = join;
    const onProgress = async (stateEvents: number, missingEvents: number): Promise<void> => {
      onMissing(roomId, missingEvents);
      log.info({ roomId, server, stateEvents, missingEvents }, 'The state of a room is being fetched.');
      await db.write(notePartialJoinProgress, { room, stateEvents, missingEvents });
    };
    try {
      if (join.isStateWhole) await receive.finishJoin(roomId);
      else
        await receive.completeJoin({ roomId, joinEventId, state: await fetchState(join, server, signal, onProgress) });
      return true;
    } catch (err) {
      if (signal.aborted) return false;
      if (err instanceof PeerError || err instanceof MatrixError) {
        log.info({ roomId, server, reason: err.message }, 'A server did not tell the state of a room.');
      } else log.error({ err, roomId, server }, 'The state of a room could not be made whole.');
      return false;
    }
  };
};
