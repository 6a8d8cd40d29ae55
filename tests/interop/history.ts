// What was said before somebody of another server came.

import { expect, test } from 'vitest';
import type { AnyJson } from '../harness/client.ts';
import { historyOf, roomPath } from '../harness/room-client.ts';
import type { Journeys } from './pairings.ts';
import type { Person } from './person.ts';
import { join, openRoom, tell } from './rooms.ts';

const bodies = (events: readonly { type: string; content: { body?: string } }[]): (string | undefined)[] =>
  events.filter(({ type }) => type === 'm.room.message').map(({ content }) => content.body);

/** Paged from the end, as clients do; oldest first. */
const historyBackwards = async ({ client }: Person, roomId: string): Promise<AnyJson[]> => {
  const events: AnyJson[] = [];
  let from: string | undefined;
  // A server may answer with an empty page while it fetches.
  for (let page = 0; page < 40; page += 1) {
    const query = { dir: 'b', limit: 10, ...(from !== undefined && { from }) };
    const { chunk, end } = await client.ok(client.get(roomPath(roomId, 'messages'), { query }));
    events.push(...chunk);
    if (end === undefined || end === from) break;
    from = end;
  }
  return events.reverse();
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
    const seen = await historyBackwards(bert, open.roomId);
    expect(bodies(seen)).toEqual([...words, 'hello', 'good day']);
    expect(seen[0]?.type).toBe('m.room.create');
    expect(bodies(await historyBackwards(bert, closed.roomId))).toEqual(['hello', 'good day']);
  });
};
