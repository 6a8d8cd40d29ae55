// A server that is over: what its timers hold stays in memory with it.

import { expect, it } from 'vitest';
import { manualClock } from '../../../src/lib/manual-clock.ts';
import type { ServerName } from '../../../src/protocol/ids/branded.ts';
import { seededRandom } from '../../harness/seeded-random.ts';
import { startFuzzedServer } from './fuzzed-server.ts';
import { roomWithPeople } from './pdus.ts';

it('leaves no timer behind for longer than a minute', async () => {
  const clock = manualClock();
  const server = await startFuzzedServer(clock);
  const { rooms, federation } = server.composed.parts;
  const room = roomWithPeople('11', seededRandom(1));
  await rooms.receive.enterRoom(room.joinOf(server.alice.userId));
  const push = [{ user_id: '@bob:b.example:1', presence: 'online', currently_active: true }];
  await federation.edus.receive('b.example:1' as ServerName, [{ edu_type: 'm.presence', content: { push } }]);
  expect(clock.pending).toBeGreaterThan(0);
  await server[Symbol.asyncDispose]();
  await clock.advance(60_000);
  expect(clock.pending).toBe(0);
});
