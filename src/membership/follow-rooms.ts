// Reads the stream for state events of other servers' users after which something is to be done for local ones: guests are not
// admitted any more, a room was replaced. Stopped anywhere, it goes on there; to do it again is harmless.

import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { ServerName } from '../protocol/ids/branded.ts';
import { serverOf } from '../protocol/ids/id-parts.ts';
import type { Database } from '../storage/database.ts';
import { moveStreamCursor, streamCursor } from '../storage/stores/stream-cursors.ts';
import { type TurningPoint, turningPointsBetween } from '../storage/stores/turning-points.ts';
import type { Membership } from './membership.ts';
import { isRefusal } from './refusal.ts';

export interface FollowRoomsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly serverName: ServerName;
  readonly stream: { readonly head: number };
  readonly membership: Pick<Membership, 'stateChanged'>;
}

const NAME = 'membership';
/** Looked at together: nobody waits for it. */
const DELAY_MS = 500;
/** After so many positions the cursor is stored. */
const UNSTORED_MAX = 10_000;

/** Follows the stream until it is disposed of. */
export const followRooms = async (deps: FollowRoomsDeps): Promise<AsyncDisposable> => {
  const { db, clock, log, stream } = deps;
  let cursor = (await db.read((tx) => streamCursor(tx, NAME))) ?? stream.head;
  let stored = cursor;
  let isEnding = false;
  let timer: { cancel(): void } | undefined;
  let running = Promise.resolve();

  const store = async (): Promise<void> => {
    await db.write(moveStreamCursor, { consumer: NAME, position: cursor });
    stored = cursor;
  };

  const catchUp = async (): Promise<void> => {
    const { head } = stream;
    const points = await db.read((tx) => turningPointsBetween(tx, cursor, head));
    for (const point of points) await act(deps, point);
    cursor = head;
    if (cursor - stored > UNSTORED_MAX) await store();
  };

  const wake = (): void => {
    if (isEnding || timer) return;
    timer = clock.after(DELAY_MS, () => {
      timer = undefined;
      running = catchUp().catch((err: unknown) => {
        log.warn({ err }, 'What follows from changed rooms is delayed.');
        wake();
      });
    });
  };

  db.onCommit(({ changes }) => {
    if (changes.some(({ audience }) => 'room' in audience)) wake();
  });
  if (cursor < stream.head) wake();
  return {
    async [Symbol.asyncDispose]() {
      isEnding = true;
      timer?.cancel();
      await running;
      if (cursor > stored) await store();
    },
  };
};

/** What local users send is followed up at once, where they send it. */
const act = async ({ log, serverName, membership }: FollowRoomsDeps, point: TurningPoint): Promise<void> => {
  const { roomId, type, sender } = point;
  if (serverOf(sender) === serverName) return;
  try {
    await membership.stateChanged(roomId, type, '', JSON.parse(point.content) as JsonObject);
  } catch (err) {
    if (!isRefusal(err)) throw err;
    log.info({ err, roomId, type }, 'What follows from a changed room could not be done.');
  }
};
