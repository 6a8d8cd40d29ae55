// /sync: what a device does not know yet, or the wait for it. Client-Server API, "Syncing".

import type { Accounts } from '../accounts/accounts.ts';
import type { E2ee } from '../e2ee/e2ee.ts';
import type { Ephemeral } from '../ephemeral/ephemeral.ts';
import type { Clock } from '../lib/clock.ts';
import { invalidParam, notFound } from '../protocol/errors/matrix-error.ts';
import type { EventId } from '../protocol/ids/branded.ts';
import type { Viewer } from '../rooms/read/room-reader.ts';
import type { RoomReads } from '../rooms/read/room-reads.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Database } from '../storage/database.ts';
import { eventById } from '../storage/stores/events.ts';
import { roomIdsOf } from '../storage/stores/rooms.ts';
import { deleteToDeviceUpTo, hasToDeviceUpTo } from '../storage/stores/to-device.ts';
import type { Stream } from '../stream/stream.ts';
import { createPolls } from './polls.ts';
import type { SyncToken } from './sync-token.ts';
import { createUserRooms, type UserRooms } from './user-rooms.ts';
import { type InitialSyncQuestion, initialSync } from './v1/initial-sync.ts';
import { type EventsPage, type EventsQuestion, listenToEvents } from './v1/listen-to-events.ts';
import type { AnswerDeps } from './v2/answer-deps.ts';
import { incrementalAnswer, type SinceRequest } from './v2/incremental-answer.ts';
import { createJoinHistory } from './v2/join-history.ts';
import { createLazyMembers } from './v2/lazy-members.ts';
import { createMemberKeys } from './v2/member-keys.ts';
import { createRecentRooms } from './v2/recent-rooms.ts';
import type { Moment, SyncRequest, SyncViewer } from './v2/request.ts';
import { createStateTexts } from './v2/state-texts.ts';
import { createSummaries } from './v2/summary.ts';
import { wholeAnswer } from './v2/whole-answer.ts';

export interface SyncDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly stream: Stream;
  readonly rooms: Pick<Rooms, 'state' | 'names' | 'find'>;
  readonly roomReads: Pick<RoomReads, 'reader' | 'messages' | 'initialSync' | 'event'>;
  readonly accounts: Pick<Accounts, 'ignoredUsers'>;
  readonly e2ee: E2ee;
  readonly ephemeral: Ephemeral;
}

/** Within this time a commit that another read has seen is heard of. */
const HEARD_MS_MAX = 500;
const LOOKS_MAX = 20;
/** More rooms with news are told part by part. */
const ROOMS_AT_ONCE_MAX = 50;

export const createSync = (given: SyncDeps) => {
  const { db, clock, stream, roomReads, ephemeral } = given;
  const userRooms = createUserRooms({ db, stream });
  const polls = createPolls();
  const deps = answerDeps(given);

  /** The user's rooms, and a moment that knows them all. */
  const look = async (user: number): Promise<{ mine: UserRooms; at: Moment }> => {
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      const mine = await userRooms.of(user);
      if (mine.latest <= stream.head) return { mine, at: { now: stream.head, ephemeral: ephemeral.version } };
      // What a read has seen is committed, and heard of in a moment.
      await stream.reached(mine.latest, HEARD_MS_MAX);
    }
    throw new Error('The stream does not follow the database: commits are on disk that it never heard of.');
  };

  /** The answer's JSON text, or its parts. Throws M_INVALID_PARAM for a token that this server did not give out. */
  const sync = async (request: SyncRequest): Promise<string | AsyncIterable<string>> => {
    const { viewer, since } = request;
    if (since && !(await stream.reached(since.position, HEARD_MS_MAX))) {
      throw invalidParam('since is not a token of this server.');
    }
    if (since) await acknowledge(db, viewer, since);
    using _present = ephemeral.presence.syncing(viewer, request.setPresence);
    if (since && !request.fullState) return await poll({ ...request, since });
    return whole(request);
  };

  async function* whole(request: SyncRequest): AsyncGenerator<string> {
    const { viewer } = request;
    using own = polls.enter(viewer.device, request.signal);
    const { mine, at } = await look(viewer.user);
    yield* wholeAnswer(deps, { ...request, signal: own.signal }, at, [...mine.all.values()]);
  }

  const poll = async (request: SinceRequest): Promise<string | AsyncIterable<string>> => {
    const { viewer } = request;
    using own = polls.enter(viewer.device, request.signal);
    const deadline = clock.monotonic() + request.timeoutMs;
    let { since } = request;
    for (;;) {
      // Listens before it looks: nothing slips between.
      const { listener } = await userRooms.of(viewer.user);
      const leftMs = own.signal.aborted ? 0 : deadline - clock.monotonic();
      using wait = leftMs > 0 ? listener.wait(leftMs, own.signal) : undefined;
      const { mine, at } = await look(viewer.user);
      if (!wait || mayHaveNews(stream, mine, viewer, since, at)) {
        if (changedRooms(stream, mine, since) > ROOMS_AT_ONCE_MAX) return whole({ ...request, since });
        const answer = await incrementalAnswer(deps, { ...request, since }, at, mine);
        if (answer.hasNews || !wait) return answer.text;
        // Nothing of it is for this client: the next look begins here.
        since = answer.next;
      }
      await wait.woken;
    }
  };

  return {
    sync,

    /** As initialSync in v1/initial-sync.ts. */
    async *initialSync(question: InitialSyncQuestion): AsyncGenerator<string> {
      const { mine, at } = await look(question.viewer.user);
      yield* initialSync(given, question, at, [...mine.all.values()]);
    },

    /** As listenToEvents in v1/listen-to-events.ts. */
    events: (question: EventsQuestion): Promise<EventsPage> => listenToEvents({ ...given, userRooms }, question),

    /** The text of an event of whatever room. Throws M_NOT_FOUND. */
    async event(eventId: EventId, viewer: Viewer): Promise<string> {
      const roomId = await db.read(async (tx) => {
        const event = await eventById(tx, eventId);
        return event && (await roomIdsOf(tx, [event.room])).get(event.room);
      });
      if (roomId === undefined) throw notFound('There is no such event.');
      return roomReads.event(roomId, eventId, viewer);
    },
  };
};

const answerDeps = ({ rooms, roomReads: { reader }, ...given }: SyncDeps): AnswerDeps => ({
  ...given,
  reader,
  names: rooms.names,
  state: rooms.state,
  memberKeys: createMemberKeys({ state: rooms.state }),
  lazyMembers: createLazyMembers(),
  stateTexts: createStateTexts({ reader }),
  summaries: createSummaries({ reader }),
  joinHistory: createJoinHistory(rooms),
  recentRooms: createRecentRooms(given),
});

export type Sync = ReturnType<typeof createSync>;

const changedRooms = (stream: Stream, mine: UserRooms, { position }: SyncToken): number => {
  let count = 0;
  for (const room of mine.joined) if (stream.rooms.changedSince(room, position) !== false) count += 1;
  return count;
};

const mayHaveNews = (
  stream: Stream,
  mine: UserRooms,
  { user }: SyncViewer,
  since: SyncToken,
  { ephemeral }: Moment,
): boolean => {
  if (since.toDevice < since.position || ephemeral > since.ephemeral) return true;
  if (stream.users.changedSince(user, since.position) !== false) return true;
  for (const room of mine.joined) if (stream.rooms.changedSince(room, since.position) !== false) return true;
  return false;
};

/** "the client […] has received all of those messages": it came back with the token that was given out with them. */
const acknowledge = async (db: Database, { device }: SyncViewer, { toDevice }: SyncToken): Promise<void> => {
  const isDue = await db.read((tx) => hasToDeviceUpTo(tx, device, toDevice));
  if (isDue) await db.write(deleteToDeviceUpTo, { device, position: toDevice });
};
