// /messages: four clients, each paging back through a long room from its end to its beginning, again and again. The rooms
// together are larger than Synapse's memory of events (5,000 by default), as old history is.

import { closedLoop } from '../load/closed-loop.ts';
import type { User } from '../load/user.ts';
import type { Row } from './row.ts';

/** Pages of 1, 10 and 100 % of the usual size, the last of which the goal is about. */
const PAGE_SIZES = [1, 10, 100] as const;

/** The whole answer is parsed once only: the load program shares the processors with the server. */
const endOf = (body: Buffer): string | undefined => /"end":\s*"([^"]+)"/.exec(body.toString('latin1'))?.[1];

const pager = (user: User, roomId: string, limit: number): (() => Promise<void>) => {
  const connection = user.connect();
  const path = `/_matrix/client/v3/rooms/${roomId}/messages?dir=b&limit=${limit}`;
  let from = '';
  let isChecked = false;
  return async () => {
    const { status, body } = await connection.request('GET', path + from);
    if (status !== 200) throw new Error(`/messages answered ${status}: ${body.toString()}`);
    if (!isChecked) {
      const { chunk } = JSON.parse(body.toString()) as { chunk: readonly unknown[] };
      if (chunk.length !== limit) throw new Error(`a first page held ${chunk.length} of ${limit}`);
      isChecked = true;
    }
    const end = endOf(body);
    from = end ? `&from=${end}` : '';
  };
};

export const messages: Row = {
  name: 'messages',
  async run({ world, repeats, record, noteForeign }) {
    const rooms = await world.history();
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const limit of PAGE_SIZES) {
        const asks = rooms.map(({ roomId, members }) => pager(members[0]!, roomId, limit));
        const result = await closedLoop(world.server, asks, world.sizes.loop);
        noteForeign(result.foreignShare);
        record(`/messages, pages @${limit}`, 'per second', result.perSecond);
        record(`/messages, page: CPU @${limit}`, 'CPU ms', result.cpuMsPerOperation);
      }
    }
  },
};
