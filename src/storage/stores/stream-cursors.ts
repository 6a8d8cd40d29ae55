// How far each consumer of the stream has come, so that it goes on there after a restart.

import type { ReadTx, WriteTx } from '../database.ts';
import { writer } from '../database.ts';

/** undefined: the consumer never ran. */
export const streamCursor = async (tx: ReadTx, consumer: string): Promise<number | undefined> =>
  (await tx.get<{ position: number }>('SELECT position AS "position" FROM stream_cursors WHERE consumer = ?', consumer))
    ?.position;

/** For writers that do a consumer's work and move its cursor at once. */
export const moveStreamCursorWithin = async (
  tx: WriteTx,
  args: { consumer: string; position: number },
): Promise<void> => {
  await tx.run(
    `INSERT INTO stream_cursors (consumer, position) VALUES (?, ?)
     ON CONFLICT (consumer) DO UPDATE SET position = excluded.position`,
    args.consumer,
    args.position,
  );
};

export const moveStreamCursor = writer('moveStreamCursor', moveStreamCursorWithin);
