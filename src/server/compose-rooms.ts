// The room engine with what is read from it.

import { createRemoteRooms } from '../federation/remote/remote-rooms.ts';
import { createJudging } from '../push/judging.ts';
import { createRoomDirectory } from '../rooms/directory/room-directory.ts';
import { createRoomReads } from '../rooms/read/room-reads.ts';
import { createReports } from '../rooms/reports.ts';
import { createRooms } from '../rooms/rooms.ts';
import { createSearchIndex } from '../rooms/search/search-index.ts';
import { everyHour } from './every-hour.ts';
import type { Ground } from './lay-ground.ts';

export function composeRooms({ db, clock, log, serverName, identity, peers }: Ground, stack: AsyncDisposableStack) {
  const judging = createJudging({ db, clock, log, serverName });
  const { signingKey } = identity;
  const rooms = createRooms({ db, clock, serverName, signingKey, notifications: judging.notifications });
  stack.use(everyHour(rooms.forgetTransactions, 'Old transaction ids could not be forgotten.', clock, log));
  const searchIndex = stack.use(createSearchIndex({ db, clock, log }));
  const roomReads = createRoomReads({
    db,
    clock,
    state: rooms.state,
    names: rooms.names,
    searchIndex,
    remoteRooms: createRemoteRooms({ peers, clock, serverName }),
  });
  return {
    judging,
    rooms,
    roomDirectory: createRoomDirectory({ db, clock, serverName, rooms }),
    reports: createReports({ db, clock, rooms }),
    roomReads,
    roomReader: roomReads.reader,
  };
}
