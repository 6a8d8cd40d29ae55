// Memory after everything else was done to the server.

import type { Row } from './row.ts';

const SETTLE_MS = 5000;

export const memory: Row = {
  name: 'memory',
  async run({ world, record }) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    record('memory after load', 'MiB', world.server.memoryMib);
  },
};
