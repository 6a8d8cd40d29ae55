// Bytes that a message adds to the database's files, between one clean stop and the next.

import type { Row } from './row.ts';

export const disk: Row = {
  name: 'disk',
  async run({ world, record }) {
    const { server, sizes } = world;
    const rooms = await world.historyRooms();
    // What the first messages of a database make once is not counted.
    for (const room of rooms) await world.fill(room, room.members.length);
    await server.stop();
    const before = await server.databaseSizeBytes();
    await server.start();
    await world.history();
    await server.stop();
    record('disk per message', 'bytes', ((await server.databaseSizeBytes()) - before) / (sizes.history * rooms.length));
    await server.start();
  },
};
