// A server on SQLite and one on PostgreSQL: the ways into rooms and out of them are the same.

import { expect, inject, test } from 'vitest';
import { createPostgresDatabase } from '../harness/databases.ts';
import { startFederation } from '../harness/federated.ts';
// For the type of inject('postgresUrl').
import type {} from '../harness/postgres-setup.ts';
import { historyOf, inRoom, newRoom, stateOf } from '../harness/room-client.ts';
import { until } from '../harness/until.ts';

test('invites, joins, messages and leaves in both directions', async () => {
  await using stack = new AsyncDisposableStack();
  const { url, drop } = await createPostgresDatabase(inject('postgresUrl'));
  stack.defer(drop);
  const { servers } = stack.use(await startFederation([{}, { database: url }]));
  const [a, b] = servers;
  const [alice, bob] = await Promise.all([a!.register('alice'), b!.register('bob')]);
  for (const [host, guest] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const roomId = await newRoom(host, { preset: 'private_chat', name: 'Tea' });
    const membership = async () => (await stateOf(host, roomId, 'm.room.member', guest.userId))?.membership;
    const invited = () => until('the invite', async () => (await guest.sync()).rooms?.invite?.[roomId]);
    await host.ok(inRoom(host, roomId, 'invite', { user_id: guest.userId }));
    await invited();
    await guest.ok(inRoom(guest, roomId, 'leave'));
    expect(await membership()).toBe('leave');
    await host.ok(inRoom(host, roomId, 'invite', { user_id: guest.userId }));
    await invited();
    await guest.ok(inRoom(guest, roomId, 'join'));
    await guest.say(roomId, 'hello');
    const bodies = async () => (await historyOf(host, roomId)).map(({ content }) => content.body);
    await until('the message', async () => (await bodies()).includes('hello'));
    await guest.ok(inRoom(guest, roomId, 'leave'));
    await until('the leave', async () => (await membership()) === 'leave');
  }
});
