// How a room that was entered in part is made whole by one server, or without any.

import { expect, test } from 'vitest';
import { silentLog } from '../../lib/log.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/ids/branded.ts';
import type { PartialJoin } from '../../storage/stores/partial-joins.ts';
import { type CompletingDeps, createCompleteFrom } from './complete-from.ts';

const there = 'there.test' as ServerName;
const roomId = '!room:there.test' as RoomId;

const joinOf = (isStateWhole: boolean): PartialJoin => ({
  ...{ room: 1, roomId, version: '11', joinEventId: '$join' as EventId, via: there, servers: [there], isStateWhole },
  ...{ startedTs: 0, attempts: 0, stateEvents: 1, missingEvents: 0 },
});

test('nobody is asked for a state that the room has', async () => {
  const done: string[] = [];
  const deps = {
    log: silentLog,
    receive: { finishJoin: async () => void done.push('finished') },
    fetch: {
      stateIds: async () => {
        done.push('asked');
        throw new Error('unreachable');
      },
    },
  } as unknown as CompletingDeps;
  const completeFrom = createCompleteFrom(deps, new AbortController().signal, () => {});
  expect(await completeFrom(joinOf(true), there)).toBe(true);
  expect(await completeFrom(joinOf(false), there)).toBe(false);
  expect(done).toEqual(['finished', 'asked']);
});
