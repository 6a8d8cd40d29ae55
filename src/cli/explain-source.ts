// Where the explain command gets its answers: from the running server, else from the database that it left.

import { createExplain } from '../operations/explain/explain.ts';
import type { EventExplanation, RoomExplanation } from '../operations/explain/explanations.ts';
import type { EventId, RoomId } from '../protocol/ids/branded.ts';
import { controlSocketPath } from '../server/control-socket.ts';
import { openDatabase } from '../storage/open-database.ts';
import { askThrough, isRunning } from './ask-server.ts';
import { configFrom, type FlagValues } from './config-flags.ts';

/** The answers are those of the admin API; undefined: nothing is known of it. */
export interface ExplainSource {
  event(eventId: EventId): Promise<EventExplanation | undefined>;
  room(roomId: RoomId): Promise<RoomExplanation | undefined>;
}

const base = '/_kintsugi/admin/v1/explain';

/** Throws errors with a `remedy` when neither the server nor its database can be asked. */
export async function withExplain<T>(values: FlagValues, work: (source: ExplainSource) => Promise<T>): Promise<T> {
  const { config } = configFrom(values);
  const path = controlSocketPath(config);
  if (await isRunning(path)) {
    const ask = askThrough(path);
    // The same program answers that asks, and so in the shapes that it knows.
    return work({
      event: async (id) =>
        (await ask('GET', `${base}/events/${encodeURIComponent(id)}`)) as EventExplanation | undefined,
      room: async (id) => (await ask('GET', `${base}/rooms/${encodeURIComponent(id)}`)) as RoomExplanation | undefined,
    });
  }
  await using db = await openDatabase({ database: config.database, directory: config.dataDirectory });
  return await work(createExplain({ db }));
}
