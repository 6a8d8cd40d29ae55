// What people ask of rooms, each question answered from one snapshot of the database.

import type { JsonObject } from '../../protocol/events/json.ts';
import type { EventId, RoomAlias, RoomId, ServerName, UserId } from '../../protocol/ids/branded.ts';
import { joinedRooms } from '../../storage/stores/memberships.ts';
import type { HistoryPort, RemoteRooms, TimeQuestion } from '../ports.ts';
import { type SearchAnswer, type SearchQuestion, searchEvents } from '../search/search-events.ts';
import type { SearchIndex } from '../search/search-index.ts';
import { roomSummary } from '../spaces/room-summary.ts';
import { type ServerHierarchy, serverHierarchy } from '../spaces/server-hierarchy.ts';
import { type HierarchyPage, type HierarchyQuestion, spaceHierarchy } from '../spaces/space-hierarchy.ts';
import type { StateKeyPair } from '../state/room-state.ts';
import { type EventContext, eventContext, oneEvent } from './event-context.ts';
import type { EventAtTime } from './event-near-time.ts';
import { type InitialSync, initialSync } from './initial-sync.ts';
import { joinedMembers, listMembers, type MembersQuestion, roomOfMember } from './list-members.ts';
import { listRelations, type RelationsPage, type RelationsQuestion } from './list-relations.ts';
import { listThreads, type ThreadsPage, type ThreadsQuestion } from './list-threads.ts';
import { type MutualRooms, mutualRooms } from './mutual-rooms.ts';
import type { MessagesPage, MessagesQuestion } from './page-messages.ts';
import { readState, readStateEvent } from './read-state.ts';
import {
  createReading,
  createRoomReader,
  type Look,
  type RoomReader,
  type RoomReaderDeps,
  type Viewer,
} from './room-reader.ts';
import { createUntilWhole } from './until-whole.ts';
import { messagesWithHistory, timeWithHistory, withFetchedEvent } from './with-history.ts';

/** Each throws M_FORBIDDEN or M_NOT_FOUND for what the viewer may not see. Events are JSON texts. */
export interface RoomReads {
  /** For parts that read for themselves. */
  readonly reader: RoomReader;
  messages(roomId: RoomId, question: MessagesQuestion, viewer: Viewer): Promise<MessagesPage>;
  context(
    roomId: RoomId,
    eventId: EventId,
    question: Parameters<typeof eventContext>[3],
    viewer: Viewer,
  ): Promise<EventContext>;
  event(roomId: RoomId, eventId: EventId, viewer: Viewer): Promise<string>;
  initialSync(roomId: RoomId, limit: number, viewer: Viewer): Promise<InitialSync>;
  state(roomId: RoomId, viewer: Viewer): Promise<string[]>;
  stateEvent(roomId: RoomId, pair: StateKeyPair, format: 'content' | 'event', viewer: Viewer): Promise<string>;
  members(roomId: RoomId, question: MembersQuestion, viewer: Viewer): Promise<string[]>;
  /** Parts of a JSON object. */
  joinedMembers(roomId: RoomId, viewer: Viewer): Promise<AsyncIterable<string>>;
  joinedRooms(viewer: Viewer): Promise<RoomId[]>;
  eventNearTime(roomId: RoomId, question: TimeQuestion, viewer: Viewer): Promise<EventAtTime>;
  relations(roomId: RoomId, eventId: EventId, question: RelationsQuestion, viewer: Viewer): Promise<RelationsPage>;
  threads(roomId: RoomId, question: ThreadsQuestion, viewer: Viewer): Promise<ThreadsPage>;
  mutualRooms(other: UserId, from: string | undefined, viewer: Viewer): Promise<MutualRooms>;
  /** As roomSummary in spaces/room-summary.ts. */
  summary(roomIdOrAlias: RoomId | RoomAlias, via: readonly ServerName[], user: number | undefined): Promise<JsonObject>;
  hierarchy(roomId: RoomId, question: HierarchyQuestion, user: number): Promise<HierarchyPage>;
  hierarchyForServer(roomId: RoomId, suggestedOnly: boolean, server: ServerName): Promise<ServerHierarchy>;
  search(question: SearchQuestion, viewer: Viewer): Promise<SearchAnswer>;
}

export interface RoomReadsDeps extends RoomReaderDeps {
  readonly searchIndex: SearchIndex;
  readonly remoteRooms: RemoteRooms;
  readonly history: HistoryPort;
}

export const createRoomReads = (deps: RoomReadsDeps): RoomReads => {
  const reading = createReading(deps);
  const spaces = { db: deps.db, reading, remoteRooms: deps.remoteRooms };
  const withHistory = { db: deps.db, reading, history: deps.history };
  const ask =
    <A extends unknown[], R>(question: (look: Look, ...args: A) => Promise<R>) =>
    (...args: [...A, Viewer]): Promise<R> => {
      const viewer = args.pop() as Viewer;
      return deps.db.read((tx) => question({ reading, tx, viewer }, ...(args as unknown as A)));
    };
  const untilWhole = createUntilWhole(deps);
  /** Questions for which a room's members must all be known. */
  const whole =
    <A extends [RoomId, ...unknown[]], R>(question: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await untilWhole(args[0]);
      return question(...args);
    };
  return {
    reader: createRoomReader(deps, reading),
    messages: (...args) => messagesWithHistory(withHistory, ...args),
    context: (roomId, eventId, question, viewer) =>
      withFetchedEvent(withHistory, roomId, eventId, viewer, (look) => eventContext(look, roomId, eventId, question)),
    event: (roomId, eventId, viewer) =>
      withFetchedEvent(withHistory, roomId, eventId, viewer, (look) => oneEvent(look, roomId, eventId)),
    initialSync: ask(initialSync),
    state: whole(ask(readState)),
    async stateEvent(roomId, pair, ...rest) {
      if (pair[0] === 'm.room.member') await untilWhole(roomId);
      return ask(readStateEvent)(roomId, pair, ...rest);
    },
    members: whole(ask(listMembers)),
    joinedMembers: whole(async (roomId: RoomId, viewer: Viewer) => {
      const { nid } = await ask(roomOfMember)(roomId, viewer);
      return joinedMembers(deps.db, nid);
    }),
    joinedRooms: ask(({ tx, viewer }) => joinedRooms(tx, viewer.user)),
    eventNearTime: (...args) => timeWithHistory(withHistory, ...args),
    relations: ask(listRelations),
    threads: ask(listThreads),
    async search(question, viewer) {
      await deps.searchIndex.upToDate();
      return deps.db.read((tx) => searchEvents({ reading, tx, viewer }, question));
    },
    mutualRooms: ask(mutualRooms),
    summary: (roomIdOrAlias, via, user) => roomSummary(spaces, roomIdOrAlias, via, user),
    hierarchy: (roomId, question, user) => spaceHierarchy(spaces, roomId, question, user),
    hierarchyForServer: (roomId, suggestedOnly, server) =>
      deps.db.read((tx) => serverHierarchy(reading, tx, roomId, suggestedOnly, server)),
  };
};
