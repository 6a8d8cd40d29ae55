// A user who joined a room of another server reads back to its beginning: all of it has to be fetched.

import { ForeignRoom } from '../../federation/foreign-room.ts';
import { joinThrough, pathOf } from '../../federation/guest.ts';
import { measured } from '../../federation/measured.ts';
import type { User } from '../../load/user.ts';
import type { Row } from '../row.ts';

const PAGE_SIZE = 100;
/** Pages without a message; a server may answer with what it has so far. */
const EMPTY_PAGES_MAX = 50;

interface Page {
  readonly chunk: readonly { readonly type: string; readonly event_id: string }[];
  readonly end?: string;
}

/** How many messages there were. */
const readAll = async (user: User, room: ForeignRoom): Promise<number> => {
  const seen = new Set<string>();
  let from = '';
  for (let emptyPages = 0; emptyPages < EMPTY_PAGES_MAX; ) {
    const page = (await user.call(
      'GET',
      `${pathOf(room)}/messages?dir=b&limit=${PAGE_SIZE}${from}`,
    )) as unknown as Page;
    const before = seen.size;
    for (const { type, event_id: id } of page.chunk) if (type === 'm.room.message') seen.add(id);
    emptyPages = seen.size > before ? 0 : emptyPages + 1;
    if (page.end === undefined || page.chunk.some(({ type }) => type === 'm.room.create')) break;
    from = `&from=${encodeURIComponent(page.end)}`;
  }
  return seen.size;
};

export const backfill: Row = {
  name: 'backfill',
  async run(context) {
    const { world, foreign, repeats, record } = context;
    await foreign.grow(1);
    const user = await world.user('historian');
    const { backfill: count } = world.sizes;
    for (let repeat = 0; repeat < repeats; repeat++) {
      const room = foreign.host(new ForeignRoom(foreign.user('chronicler')));
      for (let index = 0; index < count; index++) room.main.say(room.creator, `${index} was said long ago`);
      await joinThrough(user, room);
      let found = 0;
      const cost = await measured(context, async () => {
        found = await readAll(user, room);
      });
      if (found !== count) throw new Error(`${found} of ${count} messages were found`);
      foreign.forget(room);
      record('backfill', 'per second', count / cost.seconds);
      record('backfill: CPU', 'CPU ms', cost.cpuMs / count);
      record('backfill: peak memory', 'MiB', cost.peakMib);
    }
  },
};
