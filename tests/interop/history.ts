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
};
