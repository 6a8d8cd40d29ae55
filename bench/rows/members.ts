// /members of rooms of more and more members, asked by one of them.

import { closedLoop } from '../load/closed-loop.ts';
import { percentile } from '../load/statistics.ts';
import type { Row } from './row.ts';

export const members: Row = {
  name: 'members',
  async run({ world, repeats, record, noteForeign }) {
    for (const size of world.sizes.crowds) {
      const { roomId, members: users } = await world.crowd(size);
      const connection = users[0]!.connect();
      const ask = async (): Promise<void> => {
        const { status, body } = await connection.request('GET', `/_matrix/client/v3/rooms/${roomId}/members`);
        if (status !== 200) throw new Error(`/members answered ${status}: ${body.toString()}`);
      };
      for (let repeat = 0; repeat < repeats; repeat++) {
        const result = await closedLoop(world.server, [ask], world.sizes.loop);
        noteForeign(result.foreignShare);
        record(`/members @${size}`, 'ms', percentile(result.latenciesMs, 0.5));
        record(`/members: CPU @${size}`, 'CPU ms', result.cpuMsPerOperation);
      }
    }
  },
};
