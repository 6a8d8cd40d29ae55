// What pushers have yet to tell their gateways, filled by the consumer of the stream and emptied by the senders.

import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';
import { moveStreamCursorWithin } from './stream-cursors.ts';

/** What one pusher keeps for a gateway that does not answer: the latest. */
const QUEUE_MAX = 200;

export interface QueuedPush {
  readonly pusher: number;
  readonly position: number;
  /** The event's nid. */
  readonly event: number;
  /** Milliseconds. */
  readonly queuedTs: number;
}

/** Pushes found in the stream up to `position`, which `consumer` needs not read again. */
export const queuePushes = writer(
  'queuePushes',
  async (tx, args: { consumer: string; position: number; pushes: readonly QueuedPush[] }): Promise<void> => {
    await tx.runMany(
      'INSERT INTO push_queue (pusher, position, event, queued_ts) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      args.pushes.map(({ pusher, position, event, queuedTs }) => [pusher, position, event, queuedTs]),
    );
    await moveStreamCursorWithin(tx, args);
  },
);

/** The oldest. */
export const nextPush = (tx: ReadTx, pusher: number): Promise<QueuedPush | undefined> =>
  tx.get(
    `SELECT pusher AS "pusher", position AS "position", event AS "event", queued_ts AS "queuedTs" FROM push_queue
     WHERE pusher = ? ORDER BY position LIMIT 1`,
    pusher,
  );

export const pushersWithPushes = async (tx: ReadTx): Promise<number[]> =>
  (await tx.all<{ pusher: number }>('SELECT DISTINCT pusher AS "pusher" FROM push_queue')).map(({ pusher }) => pusher);

export const finishPush = writer(
  'finishPush',
  async (tx, args: { pusher: number; position: number }): Promise<void> => {
    await tx.run('DELETE FROM push_queue WHERE pusher = ? AND position = ?', args.pusher, args.position);
  },
);

/** After a failure: what is older than `before` (milliseconds), and all beyond the latest QUEUE_MAX. */
export const trimPushes = writer('trimPushes', async (tx, args: { pusher: number; before: number }): Promise<void> => {
  await tx.run('DELETE FROM push_queue WHERE pusher = ? AND queued_ts < ?', args.pusher, args.before);
  await tx.run(
    `DELETE FROM push_queue WHERE pusher = ? AND position <=
       (SELECT position FROM push_queue WHERE pusher = ? ORDER BY position DESC LIMIT 1 OFFSET ${QUEUE_MAX})`,
    args.pusher,
    args.pusher,
  );
});

export interface StoredException {
  readonly user: number;
  readonly event: number;
  readonly position: number;
  readonly notifies: number;
}

/** What single users' rules say of the events with positions in (after, upTo]. */
export const exceptionsSince = (tx: ReadTx, after: number, upTo: number): Promise<StoredException[]> =>
  tx.all(
    `SELECT user_nid AS "user", event AS "event", position AS "position", notifies AS "notifies" FROM notifications
     WHERE position > ? AND position <= ?`,
    after,
    upTo,
  );
