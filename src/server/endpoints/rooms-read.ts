// Endpoints that read rooms: history, state, members, relations.

import { getRelations } from '../../api/client/relations/get-relations.ts';
import { getContext } from '../../api/client/room-reading/get-context.ts';
import { getEvent } from '../../api/client/room-reading/get-event.ts';
import { getEventNearTime } from '../../api/client/room-reading/get-event-near-time.ts';
import { getInitialSync } from '../../api/client/room-reading/get-initial-sync.ts';
import { getJoinedMembers } from '../../api/client/room-reading/get-joined-members.ts';
import { getJoinedRooms } from '../../api/client/room-reading/get-joined-rooms.ts';
import { getMembers } from '../../api/client/room-reading/get-members.ts';
import { getMessages } from '../../api/client/room-reading/get-messages.ts';
import { getMutualRooms } from '../../api/client/room-reading/get-mutual-rooms.ts';
import { getState } from '../../api/client/room-reading/get-state.ts';
import { getStateEvent } from '../../api/client/room-reading/get-state-event.ts';
import { search } from '../../api/client/search/search.ts';
import { getHierarchy } from '../../api/client/spaces/get-hierarchy.ts';
import { getRoomSummary } from '../../api/client/spaces/get-room-summary.ts';
import { getThreads } from '../../api/client/threads/get-threads.ts';

export const roomsReadEndpoints = [
  getMessages,
  getContext,
  getEvent,
  getInitialSync,
  getState,
  getStateEvent,
  getMembers,
  getJoinedMembers,
  getJoinedRooms,
  getEventNearTime,
  getRelations,
  getThreads,
  getMutualRooms,
  getRoomSummary,
  getHierarchy,
  search,
];
