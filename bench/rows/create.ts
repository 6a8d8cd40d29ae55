// Rooms created, by four users at once.

import { closedLoop } from '../load/closed-loop.ts';
import type { Row } from './row.ts';

const CREATORS = 4;

export const create: Row = {
  name: 'create',
  async run({ world, repeats, record, noteForeign }) {
    const creators = await Promise.all(Array.from({ length: CREATORS }, (_, index) => world.user(`creator${index}`)));
    const asks = creators.map((user) => async () => {
      await world.createRoom(user, { name: 'A room', topic: 'To be measured', preset: 'private_chat' });
    });
    for (let repeat = 0; repeat < repeats; repeat++) {
      const result = await closedLoop(world.server, asks, world.sizes.loop);
      noteForeign(result.foreignShare);
      record('room creation', 'per second', result.perSecond);
      record('room creation: CPU', 'CPU ms', result.cpuMsPerOperation);
    }
  },
};
