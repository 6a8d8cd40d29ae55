// The room engine with what is read from it.

import { createPolicyServers } from '../federation/policy/policy-servers.ts';
import { createRemoteRooms } from '../federation/remote/remote-rooms.ts';
import { createJudging } from '../push/judging.ts';
import { createRoomDirectory } from '../rooms/directory/room-directory.ts';
import type { HistoryPort } from '../rooms/ports.ts';
import { createRoomReads } from '../rooms/read/room-reads.ts';
import { createReports } from '../rooms/reports.ts';
import { createRooms } from '../rooms/rooms.ts';
import { createSearchIndex } from '../rooms/search/search-index.ts';
import { everyHour } from './every-hour.ts';
import type { Ground } from './lay-ground.ts';

/** `history`: of a part above, asked for once all are made. */
export function composeRooms(ground: Ground, stack: AsyncDisposableStack, history: () => HistoryPort) {
  const { db, clock, log, serverName, identity, peers } = ground;
  const judging = createJudging({ db, clock, log, serverName });
  const { signingKey } = identity;
  const { notifications } = judging;
  const policyServers = createPolicyServers(peers);
  const rooms = createRooms({ db, clock, serverName, signingKey, notifications, policyServers });
  stack.use(everyHour(rooms.forgetTransactions, 'Old transaction ids could not be forgotten.', clock, log));
  const searchIndex = stack.use(createSearchIndex({ db, clock, log }));
  const remoteRooms = createRemoteRooms({ peers, clock, serverName });
  const { state, names } = rooms;
  const roomReads = createRoomReads({
    db,
    clock,
    state,
    names,
    searchIndex,
    remoteRooms,
    history: {
      fetchBelow: (...args) => history().fetchBelow(...args),
      eventNearTime: (...args) => history().eventNearTime(...args),
    },
  });
  return {
    judging,
    rooms,
    roomDirectory: createRoomDirectory({ db, clock, serverName, rooms, remoteRooms }),
    reports: createReports({ db, clock, rooms }),
    roomReads,
    roomReader: roomReads.reader,
  };
}
