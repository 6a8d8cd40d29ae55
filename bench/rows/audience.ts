// What a further local member costs a send: the same two senders in rooms of more and more members.

import { closedLoop } from '../load/closed-loop.ts';
import type { Row } from './row.ts';

const CONNECTIONS = 64;

export const audience: Row = {
  name: 'audience',
  async run({ world, repeats, record, recorded, noteForeign }) {
    const { audiences, loop } = world.sizes;
    const rooms = [];
    for (const size of audiences) rooms.push({ size, room: await world.crowd(size) });
    // In turns, so that what changes on the machine meanwhile meets all sizes alike.
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const { size, room } of rooms) {
        const asks = Array.from({ length: CONNECTIONS }, (_, index) => {
          const sender = world.sender(room.members[index % 2]!, room.roomId);
          return () => sender.send();
        });
        const result = await closedLoop(world.server, asks, loop);
        noteForeign(result.foreignShare);
        record(`send, members: CPU @${size}`, 'CPU ms', result.cpuMsPerOperation);
        record(`send, members @${size}`, 'per second', result.perSecond);
      }
    }
    const [least, most] = [audiences[0]!, audiences.at(-1)!];
    const growth = recorded(`send, members: CPU @${most}`) - recorded(`send, members: CPU @${least}`);
    record('send: a further member', 'CPU µs', (growth * 1000) / (most - least));
  },
};
