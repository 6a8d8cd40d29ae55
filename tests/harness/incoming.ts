// The way of transactions into rooms, over a database and TLS: other servers are real ones of the test's own, and the room
// engine stands aside (given-rooms.ts).

import { createFetch } from '../../src/federation/fetch/fetch.ts';
import {
  createIncomingTransactions,
  type IncomingTransactions,
} from '../../src/federation/inbound/incoming-transactions.ts';
import { createVerify } from '../../src/federation/verify/verify-pdus.ts';
import { createLog } from '../../src/lib/log.ts';
import type { ManualClock } from '../../src/lib/manual-clock.ts';
import { notFound } from '../../src/protocol/errors/matrix-error.ts';
import type { Json, JsonObject } from '../../src/protocol/events/json.ts';
import type { RoomId, ServerName } from '../../src/protocol/ids/branded.ts';
import { parseServerName } from '../../src/protocol/ids/server-name.ts';
import { roomVersion } from '../../src/protocol/room-versions/room-versions.ts';
import type { Rooms } from '../../src/rooms/rooms.ts';
import type { RoomView } from '../../src/rooms/state/room-view.ts';
import { createGivenRooms, type GivenRooms } from './given-rooms.ts';
import { keyDocument, type PeerHandler, type PeerServer, startPeerServer, testKey } from './peer-server.ts';
import { openPeers, type TestPeers } from './peers.ts';
import { answerForRooms, createRemoteRoom, type RemoteEvent, type RemoteRoom } from './remote-room.ts';
import { until } from './until.ts';

const DAY_MS = 24 * 3_600_000;
const LOOK_EVERY_MS = 10;
const version = roomVersion('11')!;

export interface RemotePeer {
  readonly name: ServerName;
  readonly peer: PeerServer;
  /** Rooms that it answers for. */
  readonly rooms: RemoteRoom[];
  /** Answers what its rooms do not, or, when it gives an answer, before they do. */
  override: PeerHandler;
  /** A room that both servers know with one first event; its further events are signed by this server. */
  room(roomId?: string): RemoteRoom & { readonly first: RemoteEvent };
  /** Paths that were asked for, without keys. */
  asked(): string[];
}

export interface TestIncoming extends AsyncDisposable {
  readonly us: TestPeers;
  readonly clock: ManualClock;
  readonly given: GivenRooms;
  readonly logged: string[];
  /** EDUs as they were taken. */
  readonly edus: { origin: ServerName; edus: readonly JsonObject[] }[];
  readonly inRoom: Map<RoomId, ServerName[]>;
  readonly acls: Map<RoomId, JsonObject>;
  /** Contents of m.room.policy. */
  readonly policies: Map<RoomId, JsonObject>;
  inbound(): IncomingTransactions;
  startPeer(): Promise<RemotePeer>;
  /** As until.ts has it; the clock goes on meanwhile. */
  until: typeof until;
  send(origin: ServerName, txnId: string, pdus: readonly Json[], edus?: readonly Json[]): Promise<JsonObject>;
  /** Everything in memory is forgotten. `isCrash`: what is under way never ends. */
  restart(): Promise<void>;
}

export const openIncoming = async (): Promise<TestIncoming> => {
  await using stack = new AsyncDisposableStack();
  const us = stack.use(await openPeers({ config: { trustedKeyServers: [] } }));
  const { clock } = us;
  const given = createGivenRooms();
  const edus: TestIncoming['edus'] = [];
  const inRoom: TestIncoming['inRoom'] = new Map();
  const acls: TestIncoming['acls'] = new Map();
  const policies: TestIncoming['policies'] = new Map();
  const logged: string[] = [];
  const log = createLog({ level: 'debug', format: 'json', destination: { write: (line) => void logged.push(line) } });
  const view: Rooms['view'] = async (roomId) => {
    if (!inRoom.has(roomId)) throw notFound('no such room');
    const acl = acls.get(roomId);
    const contents: Record<string, JsonObject | undefined> = {
      'm.room.server_acl': acl,
      'm.room.policy': policies.get(roomId),
    };
    const pick = async (pairs: readonly (readonly [string, string])[]) =>
      pairs.map(([type]) => contents[type] && { content: contents[type] });
    return { version, pick } as unknown as RoomView;
  };
  const make = async (): Promise<IncomingTransactions> => {
    const { peers, db } = us;
    const incoming = createIncomingTransactions({
      db,
      clock,
      log,
      metrics: { collected() {}, render: async () => '', contentType: '' },
      serverName: parseServerName('us.test'),
      peers,
      rooms: { view },
      receive: given,
      takeMembership: async () => false,
      verify: createVerify({ peers }),
      fetch: createFetch({ peers }),
      edus: {
        async receive(origin, list) {
          edus.push({ origin, edus: list });
        },
      },
      serversIn: async (roomId) => new Set(inRoom.get(roomId)),
      isLeftAlone: peers.isLeftAlone,
    });
    await incoming.start();
    return incoming;
  };
  let inbound = await make();
  stack.defer(() => inbound[Symbol.asyncDispose]());

  const owned = stack.move();
  const startPeer = async (): Promise<RemotePeer> => {
    const peer = owned.use(await startPeerServer());
    const name = parseServerName(`127.0.0.1:${peer.port}`);
    const key = testKey(`ed25519:p${peer.port}`);
    const rooms: RemoteRoom[] = [];
    const remote: RemotePeer = {
      name,
      peer,
      rooms,
      override: () => undefined,
      room(id = `!room${rooms.length}:${name}`) {
        const roomId = id as RoomId;
        const room = createRemoteRoom({ roomId, version, server: { name, key } });
        rooms.push(room);
        const first = room.make({ type: 'm.room.create', stateKey: '' });
        room.authEvents = [first.eventId];
        given.give(roomId, first.eventId);
        inRoom.set(roomId, [...(inRoom.get(roomId) ?? []), name]);
        return Object.assign(room, { first });
      },
      asked: () => peer.requests.map(({ url }) => url).filter((url) => !url.includes('/key/')),
    };
    const keys: PeerHandler = ({ url }) =>
      url.startsWith('/_matrix/key/v2/server')
        ? [200, keyDocument(name, { keys: [key], validUntilTs: clock.now() + DAY_MS })]
        : [404, { errcode: 'M_UNRECOGNIZED', error: 'no' }];
    peer.handler = async (request, response) =>
      (await remote.override(request, response)) ?? answerForRooms(rooms, keys)(request, response);
    return remote;
  };

  return {
    us,
    clock,
    given,
    logged,
    edus,
    inRoom,
    acls,
    policies,
    inbound: () => inbound,
    startPeer,
    until: (what, look, timeoutMs) =>
      until(
        what,
        async () => {
          const value = await look();
          await clock.advance(LOOK_EVERY_MS);
          return value;
        },
        timeoutMs,
      ),
    async send(origin, txnId, pdus, list = []) {
      const bodyText = JSON.stringify({ origin, origin_server_ts: 1, pdus, edus: list });
      const body = JSON.parse(bodyText) as JsonObject;
      return JSON.parse(await inbound.receive({ origin, txnId, body, bodyText })) as JsonObject;
    },
    async restart() {
      await inbound[Symbol.asyncDispose]();
      inbound = await make();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};
