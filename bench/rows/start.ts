// From spawning the process to its first answer: with an empty directory and with a database that holds something.

import type { Row } from './row.ts';

const SETTLE_MS = 3000;

export const start: Row = {
  name: 'start',
  async run({ world, record }) {
    const { server, sizes } = world;
    for (let time = 0; time < sizes.starts; time++) {
      await server.stop();
      record('start', 'ms', await server.start());
    }
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    record('memory idle', 'MiB', server.memoryMib);
  },
};
