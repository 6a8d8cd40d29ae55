// The room engine's front: create a room, send into it. The only way by which local events come to be.

import type { Clock } from '../lib/clock.ts';
import { keyedLock } from '../lib/keyed-lock.ts';
import { LruCache } from '../lib/lru-cache.ts';
import { type MatrixError, notFound } from '../protocol/errors/matrix-error.ts';
import type { ParsedPdu } from '../protocol/events/parse-pdu.ts';
import type { EventId, RoomId, ServerName, UserId } from '../protocol/ids/branded.ts';
import { roomVersion } from '../protocol/room-versions/room-versions.ts';
import type { SigningKey } from '../protocol/signing/signing-key.ts';
import type { Database } from '../storage/database.ts';
import { forgetTransactions } from '../storage/stores/client-transactions.ts';
import { eventById, eventsByNid } from '../storage/stores/events.ts';
import { roomById, type StoredRoom } from '../storage/stores/rooms.ts';
import { createEventNids } from './event-nids.ts';
import { createNames } from './names.ts';
import { withPolicySignature } from './policy/with-policy-signature.ts';
import type { NotificationPort, PolicyServerPort } from './ports.ts';
import type { Receive, Rejudging } from './receive/incoming.ts';
import { createKnownEvents, type KnownEvents } from './receive/known-events.ts';
import { createReceive } from './receive/receive.ts';
import { type ChainMemory, createChainMemory } from './resolution/chain-memory.ts';
import { RESOLUTIONS_MAX } from './resolution/resolve-roots.ts';
import type { RoomRef } from './room-ref.ts';
import { createAnnotateOnce } from './send/annotate-once.ts';
import { checkState, isChecked } from './send/check-state.ts';
import { createRoom, type RoomCreation } from './send/create-room.ts';
import type { Composition, Draft, SentEvent } from './send/draft.ts';
import { sendComposition, sendEvents } from './send/send-events.ts';
import { createSendOnce } from './send/send-once.ts';
import { buildForOthers, type EventTemplate, templateEvent, type UnsentEvent } from './send/template-event.ts';
import { bytesToHash, createRoomState, type RoomState } from './state/room-state.ts';
import { type RoomView, roomView } from './state/room-view.ts';
import type { NodeHash } from './state-tree/state-node.ts';
import { createWarmRooms, type WarmRooms } from './warm-rooms.ts';

export interface RoomsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly signingKey: SigningKey;
  readonly notifications: NotificationPort;
  /** undefined: no other server can be asked. */
  readonly policyServers?: PolicyServerPort;
}

/** What the functions of the engine share. */
export interface Engine extends RoomsDeps {
  readonly names: ReturnType<typeof createNames>;
  readonly nids: ReturnType<typeof createEventNids>;
  readonly state: RoomState;
  readonly warm: WarmRooms;
  /** What became of the events that others name. */
  readonly known: KnownEvents;
  /** By the roots that were resolved, in order: the root that came of it. */
  readonly resolutions: LruCache<string, NodeHash>;
  /** What resolutions learnt for those that follow. */
  readonly chains: ChainMemory;
  /** One drafter per room at a time. Held while drafting and enqueueing, never while waiting for the disk or a network. */
  readonly lock: ReturnType<typeof keyedLock<RoomId>>;
  /** Reference hashes of events in rooms of versions 1 and 2, which references to them carry. */
  readonly referenceHashes: LruCache<EventId, string>;
  /** Milliseconds, never the same twice. */
  readonly distinctTime: () => number;
}

export interface Rooms {
  readonly state: RoomState;
  readonly names: Engine['names'];
  /** Events of other servers. */
  readonly receive: Receive & Rejudging;
  /** undefined: this server does not know the room. */
  find(roomId: RoomId): Promise<RoomRef | undefined>;
  /** Throws M_NOT_FOUND. */
  require(roomId: RoomId): Promise<RoomRef>;
  /** The room with its current state. Throws M_NOT_FOUND. */
  view(roomId: RoomId): Promise<RoomView>;
  /** Whether the user sent this event of the room. */
  isSenderOf(roomId: RoomId, eventId: EventId, userId: UserId): Promise<boolean>;
  /** The room's latest event. */
  lastEventOf(room: RoomRef): Promise<EventId | undefined>;
  /**
   * Sends one event of a local user; resolves when it is on disk. The same transaction gives the same event again, and so
   * does state that is sent as it stands. Throws M_FORBIDDEN with the rule that refuses it, M_NOT_FOUND for an unknown
   * room, M_TOO_LARGE for an event over the size limits, M_DUPLICATE_ANNOTATION, and what withPolicySignature throws.
   */
  send(roomId: RoomId, draft: Draft): Promise<SentEvent>;
  /**
   * As `send`, for a client's state event: also throws M_BAD_ALIAS and M_INVALID_PARAM for aliases, M_BAD_JSON for power levels
   * and m.room.create.
   * Not for m.room.member.
   */
  sendState(roomId: RoomId, draft: Draft & { readonly stateKey: string }): Promise<SentEvent>;
  /** Sends several events in one transaction: all or none. */
  sendAll(roomId: RoomId, drafts: readonly Draft[]): Promise<SentEvent[]>;
  /** Sends, in one transaction, what is made of the room as it is when its turn comes: nothing can come between. */
  sendComposition(roomId: RoomId, composition: Composition): Promise<SentEvent[]>;
  /**
   * What an event of another server's user would be in the room as it is now. Throws M_FORBIDDEN with the rule that refuses
   * it, M_NOT_FOUND.
   */
  template(roomId: RoomId, draft: Draft): Promise<EventTemplate>;
  /**
   * An event of a local user that is signed, also by the room's policy server, but not sent: another server signs it first.
   * Throws as `template` and as `withPolicySignature`.
   */
  buildUnsent(roomId: RoomId, draft: Draft): Promise<UnsentEvent>;
  /**
   * An event that this server is about to take into a room, with the signature of the room's policy server where there is one.
   * Throws what that server refuses it with, 502 M_UNKNOWN when it does not answer.
   */
  withPolicySignature<T extends ParsedPdu>(roomId: RoomId, event: T): Promise<T>;
  /** Numbers for events that are stored beside the timelines. */
  takeEventNids: Engine['nids']['take'];
  /** Forgets clients' transaction ids that are too old to be repeated. */
  forgetTransactions(): Promise<void>;
  /** Creates a room and its first events in one transaction. */
  create(creation: RoomCreation): Promise<RoomRef>;
}

const REFERENCE_HASHES_MAX = 10_000;
/** A client that was offline for days may still repeat what it got no answer to. */
const TRANSACTIONS_LIVE_MS = 7 * 24 * 3_600_000;

export const createRooms = (deps: RoomsDeps): Rooms => {
  const names = createNames(deps);
  const chains = createChainMemory();
  const engine: Engine = {
    ...deps,
    names,
    chains,
    nids: createEventNids(deps),
    state: createRoomState({ db: deps.db, names, onForget: chains.forget }),
    warm: createWarmRooms(deps),
    known: createKnownEvents({ db: deps.db, onChange: chains.forget, onLoss: chains.clear }),
    resolutions: new LruCache<string, NodeHash>(RESOLUTIONS_MAX),
    lock: keyedLock<RoomId>(),
    referenceHashes: new LruCache<EventId, string>(REFERENCE_HASHES_MAX),
    distinctTime: distinctTime(deps.clock),
  };
  const sendOnce = createSendOnce(engine);
  const annotateOnce = createAnnotateOnce(engine);
  const find = (roomId: RoomId): Promise<RoomRef | undefined> => findRoom(deps.db, roomId);
  const view: Rooms['view'] = async (roomId) => {
    const stored = await deps.db.read((tx) => roomById(tx, roomId));
    const room = stored && refOf(stored);
    if (!room) throw unknownRoom(roomId);
    return roomView(engine.state, room, bytesToHash(stored.stateRoot));
  };
  const send: Rooms['send'] = (roomId, draft) => {
    const sendIt = async (): Promise<SentEvent> => (await sendEvents(engine, roomId, [draft]))[0]!;
    const annotate = (): Promise<SentEvent> => annotateOnce(draft, sendIt);
    return draft.transaction ? sendOnce(draft.transaction, annotate) : annotate();
  };
  return {
    state: engine.state,
    names,
    receive: createReceive(engine),
    find,
    view,
    send,
    async require(roomId) {
      const room = await find(roomId);
      if (!room) throw unknownRoom(roomId);
      return room;
    },
    isSenderOf: (roomId, eventId, userId) =>
      deps.db.read(async (tx) => {
        const event = await eventById(tx, eventId);
        return event?.sender === userId && event.room === (await roomById(tx, roomId))?.nid;
      }),
    lastEventOf: (room) =>
      deps.db.read(async (tx) => {
        const stored = await roomById(tx, room.roomId);
        const last = await eventsByNid(tx, stored?.extremities ?? []);
        return last.sort((a, b) => b.depth - a.depth)[0]?.eventId;
      }),
    async sendState(roomId, draft) {
      if (isChecked(draft)) await checkState(deps.db, await view(roomId), draft);
      return send(roomId, draft);
    },
    sendAll: (roomId, drafts) => sendEvents(engine, roomId, drafts),
    sendComposition: (roomId, composition) => sendComposition(engine, roomId, composition),
    template: (roomId, draft) => templateEvent(engine, roomId, draft),
    buildUnsent: (roomId, draft) => buildForOthers(engine, roomId, draft),
    withPolicySignature: (roomId, event) => withPolicySignature(engine, roomId, event),
    takeEventNids: engine.nids.take,
    async forgetTransactions() {
      while (await deps.db.write(forgetTransactions, deps.clock.now() - TRANSACTIONS_LIVE_MS));
    },
    create: (creation) => createRoom(engine, creation),
  };
};

const distinctTime = (clock: Clock): (() => number) => {
  let last = 0;
  return () => {
    last = Math.max(clock.now(), last + 1);
    return last;
  };
};

const findRoom = async (db: Database, roomId: RoomId): Promise<RoomRef | undefined> => {
  const stored = await db.read((tx) => roomById(tx, roomId));
  return stored && refOf(stored);
};

const refOf = ({ nid, roomId, version: id }: StoredRoom): RoomRef | undefined => {
  const version = roomVersion(id);
  return version && { nid, roomId, version };
};

const unknownRoom = (roomId: RoomId): MatrixError => notFound(`This server does not know the room ${roomId}.`);
