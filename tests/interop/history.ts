// What was said before somebody of another server came.

import { expect, test } from 'vitest';
import type { AnyJson } from '../harness/client.ts';
import { historyOf, roomPath } from '../harness/room-client.ts';
import type { Journeys } from './pairings.ts';
import type { Person } from './person.ts';
import { join, openRoom, tell } from './rooms.ts';

const PAGE = 10;

export const bodies = (events: readonly { type: string; content: { body?: string } }[]): (string | undefined)[] =>
  events.filter(({ type }) => type === 'm.room.message').map(({ content }) => content.body);

/** Pages as clients do, 10 events at a time, oldest first whatever the direction; `tokens` are those after each page. */
export const page = async (
  { client }: Person,
  roomId: string,
  dir: 'b' | 'f',
  start?: string,
): Promise<{ events: AnyJson[]; tokens: string[] }> => {
  const events: AnyJson[] = [];
  const tokens: string[] = [];
  let from = start;
  // A server may answer with an empty page while it fetches.
  for (let pages = 0; pages < 40; pages += 1) {
    const query = { dir, limit: PAGE, ...(from !== undefined && { from }) };
    const { chunk, end } = await client.ok(client.get(roomPath(roomId, 'messages'), { query }));
    events.push(...chunk);
    if (end === undefined || end === from || (dir === 'f' && chunk.length === 0)) break;
    tokens.push(end);
    from = end;
  }
  return { events: dir === 'b' ? events.reverse() : events, tokens };
};

export const history: Journeys = ({ resident, visitor }, version) => {
  test('who comes later pages back to the beginning, where the room lets them', async () => {
    await using stack = new AsyncDisposableStack();
    const [anna, bert] = await Promise.all([resident(stack), visitor(stack)]);
    const [open, closed] = await Promise.all([
      openRoom(anna, version),
      openRoom(anna, version, {
        initial_state: [
          { type: 'm.room.history_visibility', state_key: '', content: { history_visibility: 'joined' } },
        ],
      }),
    ]);
    const words = Array.from({ length: 30 }, (_, index) => `word ${index}`);
    for (const word of words) await anna.client.say(open.roomId, word);
    await anna.client.say(closed.roomId, 'among ourselves');
    for (const { alias, roomId } of [open, closed]) {
      await join(bert, alias);
      await tell(bert, roomId, 'hello', anna);
      await tell(anna, roomId, 'good day', bert);
    }
    expect(bodies(await historyOf(anna.client, open.roomId))).toEqual([...words, 'hello', 'good day']);
    const { events: seen, tokens } = await page(bert, open.roomId, 'b');
    expect(bodies(seen)).toEqual([...words, 'hello', 'good day']);
    expect(seen[0]?.type).toBe('m.room.create');
    // And from the middle forwards again.
    const { events: again } = await page(bert, open.roomId, 'f', tokens[1]);
    expect(again.map(({ event_id }) => event_id)).toEqual(seen.slice(-2 * PAGE).map(({ event_id }) => event_id));
    expect(bodies((await page(bert, closed.roomId, 'b')).events)).toEqual(['hello', 'good day']);
  });

  test('who comes later finds what was said at a moment', async () => {
    await using stack = new AsyncDisposableStack();
    const [anna, bert] = await Promise.all([resident(stack), visitor(stack)]);
    const { roomId, alias } = await openRoom(anna, version);
    const said: AnyJson[] = [];
    for (let index = 0; index < 30; index += 1)
      said.push(await anna.gets(roomId, await tell(anna, roomId, `${index}`)));
    await join(bert, alias);
    await bert.is(roomId, 'join');
    for (const dir of ['f', 'b'] as const) {
      const { event_id: eventId, origin_server_ts: ts } = said[5];
      const path = `/_matrix/client/v1/rooms/${encodeURIComponent(roomId)}/timestamp_to_event`;
      // The moment itself is in both directions.
      const found = await bert.client.ok(bert.client.get(path, { query: { ts, dir } }));
      expect(found).toEqual({ event_id: eventId, origin_server_ts: ts });
    }
    const { event_id: middle } = said[5];
    const context = await bert.client.ok(bert.client.get(roomPath(roomId, 'context', middle), { query: { limit: 4 } }));
    expect(bodies([context.event])).toEqual(['5']);
    // Synapse answers with what it has.
    if (bert.server.kind === 'synapse') return;
    expect(bodies(context.events_before)).toEqual(['4', '3']);
    expect(bodies(context.events_after)).toEqual(['6', '7']);
  });
};
