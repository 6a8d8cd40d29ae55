// /sync over rooms made by the room engine on a real database, without HTTP: answers come parsed and held against the specification.

import { createIgnoredUsers } from '../../src/accounts/ignored-users.ts';
import { createE2ee } from '../../src/e2ee/e2ee.ts';
import { createEphemeral } from '../../src/ephemeral/ephemeral.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import { parseFilter } from '../../src/protocol/filters/parse-filter.ts';
import type { ServerName } from '../../src/protocol/ids/branded.ts';
import type { Database } from '../../src/storage/database.ts';
import { createDevice } from '../../src/storage/stores/devices.ts';
import { createStream } from '../../src/stream/stream.ts';
import { createSync } from '../../src/sync/sync.ts';
import { parseSyncToken } from '../../src/sync/sync-token.ts';
import type { AnyJson } from './client.ts';
import { openTestRooms, type TestPerson } from './rooms.ts';
import { checkAgainstSpec } from './spec-schemas.ts';

export interface SyncQuestion {
  readonly since?: string;
  readonly filter?: JsonObject;
  readonly fullState?: boolean;
  readonly stateAfter?: boolean;
  readonly timeoutMs?: number;
  readonly setPresence?: 'online' | 'unavailable' | 'offline';
  readonly signal?: AbortSignal;
}

export interface SyncingPerson extends TestPerson {
  readonly device: number;
}

export const openTestSync = (db: Database) => {
  const test = openTestRooms(db);
  const { rooms, reads, clock } = test;
  const stream = createStream({ db });
  const e2ee = createE2ee({
    db,
    clock,
    serverName: 'example.org' as ServerName,
    states: rooms.state,
    remote: undefined,
  });
  const accounts = createIgnoredUsers({ db });
  const ephemeral = createEphemeral({ db, clock, log: silentLog, stream, config: { presence: { enabled: true } } });
  const sync = createSync({ db, clock, stream, rooms, roomReads: reads, accounts, e2ee, ephemeral });

  return {
    ...test,
    db,
    stream,
    ephemeral,
    sync,
    e2ee,
    /** With a device of their own; called again for the same name, another one. */
    async syncing(name: string, deviceId = 'DEVICE'): Promise<SyncingPerson> {
      const { viewer } = await test.person(name);
      const { device } = await db.write(createDevice, { user: viewer.user, deviceId, displayName: null, now: 1 });
      return { ...(await test.person(name, device)), device };
    },
    async ask({ viewer, device }: SyncingPerson, question: SyncQuestion = {}): Promise<AnyJson> {
      const answer = await sync.sync({
        viewer: { ...viewer, device },
        since: question.since === undefined ? undefined : parseSyncToken(question.since),
        filter: parseFilter(question.filter ?? {}),
        fullState: question.fullState ?? false,
        timeoutMs: question.timeoutMs ?? 0,
        setPresence: question.setPresence ?? 'offline',
        useStateAfter: question.stateAfter ? 'state_after' : undefined,
        signal: question.signal ?? new AbortController().signal,
      });
      let text = '';
      if (typeof answer === 'string') text = answer;
      else for await (const part of answer) text += part;
      const parsed: AnyJson = JSON.parse(text);
      const violations = checkAgainstSpec('GET', '/_matrix/client/v3/sync', 200, parsed);
      if (violations.length > 0) throw new Error(`/sync answered against the specification:\n${violations.join('\n')}`);
      return parsed;
    },
  };
};

export type TestSync = ReturnType<typeof openTestSync>;
