// A whole server and a hostile one of the test's own that shares rooms with it: for attacks, and what others feel of them.

import { request as httpsRequest } from 'node:https';
import type { EventId, RoomId, ServerName } from '../../src/protocol/ids/branded.ts';
import { signRequest } from '../../src/protocol/x-matrix/sign-request.ts';
import { type AskingServer, startAskingServer } from '../harness/asking-server.ts';
import type { AnyJson, TestClient } from '../harness/client.ts';
import { type FederatedServer, startFederated } from '../harness/federated.ts';
import { type PeerHandler, testAuthorities, testKey } from '../harness/peer-server.ts';
import { answerForRooms, createRemoteRoom, type RemoteEvent, type RemoteRoom } from '../harness/remote-room.ts';
import { until } from '../harness/until.ts';

export interface Stage extends AsyncDisposable {
  readonly us: FederatedServer;
  readonly them: AskingServer;
  readonly alice: TestClient;
  /** A room of Alice's alone. */
  readonly quietRoom: RoomId;
  /** What the hostile server answers, where it is not undefined. */
  override: PeerHandler;
  /** A room of Alice's in which Bob of the hostile server is. */
  sharedRoom(): Promise<RemoteRoom>;
  /** PUT /send with a body as it stands. */
  sendText(txnId: string, body: string | readonly Buffer[], options?: SendOptions): Promise<Answer>;
  send(events: readonly RemoteEvent[]): Promise<Answer>;
  sendEdus(edus: readonly AnyJson[]): Promise<Answer>;
  stored(events: readonly RemoteEvent[]): ReturnType<FederatedServer['parts']['rooms']['receive']['stored']>;
  /** How long Alice's message took, milliseconds. */
  say(): Promise<number>;
}

export interface SendOptions {
  /** Default: the body as it stands. */
  readonly signed?: string;
  readonly origin?: ServerName;
  /** Between the pieces of the body. */
  readonly pauseMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly body: AnyJson;
}

const EMPTY = '{"edus":[],"pdus":[]}';
export const key = testKey('ed25519:asking');

const putText = (to: ServerName, path: string, authorization: string, pieces: readonly Buffer[], pauseMs: number) =>
  new Promise<Answer>((resolve, reject) => {
    const { hostname, port } = new URL(`https://${to}`);
    const headers = { Authorization: authorization, 'Content-Type': 'application/json' };
    const options = { host: hostname, port, method: 'PUT', path, headers, ca: testAuthorities(), agent: false };
    const request = httpsRequest(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) });
        request.destroy();
      });
    });
    // After an early answer the rest of the body meets a closed connection.
    request.on('error', reject);
    const closed = new Promise((go) => request.once('close', go));
    const write = async (): Promise<void> => {
      for (const piece of pieces) {
        if (request.destroyed) return;
        if (!request.write(piece)) await Promise.race([new Promise((go) => request.once('drain', go)), closed]);
        if (pauseMs > 0) await new Promise((go) => setTimeout(go, pauseMs));
      }
      request.end();
    };
    void write();
  });

export const startStage = async (config: Readonly<Record<string, unknown>> = {}): Promise<Stage> => {
  await using stack = new AsyncDisposableStack();
  const us = stack.use(await startFederated({ config }));
  const them = stack.use(await startAskingServer(Date.now()));
  const { handler: otherwise } = them.peer;
  const rooms: RemoteRoom[] = [];
  const answer = answerForRooms(rooms, (request, response) =>
    request.url.includes('/send/') ? [200, { pdus: {} }] : otherwise(request, response),
  );
  them.peer.handler = async (request, response) => {
    const given = await stage.override(request, response);
    return given ?? (response.headersSent ? undefined : answer(request, response));
  };
  const alice = await us.register('alice');
  const create = async (): Promise<RoomId> =>
    (await alice.ok(alice.post('/_matrix/client/v3/createRoom', { preset: 'public_chat', room_version: '11' })))
      .room_id;
  const quietRoom = await create();
  let txn = 0;
  const owned = stack.move();

  const sharedRoom = async (): Promise<RemoteRoom> => {
    const roomId = await create();
    const view = await us.parts.rooms.view(roomId);
    const room = createRemoteRoom({ roomId, version: view.version, server: { name: them.name, key } });
    const bob = them.userId('bob');
    const picked = await view.pick([
      ['m.room.create', ''],
      ['m.room.power_levels', ''],
      ['m.room.join_rules', ''],
    ]);
    const [first, levels, rules] = picked.map((event) => event!.eventId) as [EventId, EventId, EventId];
    const [head] = await us.parts.rooms.receive.extremities(roomId);
    Object.assign(room, { latest: [head!.eventId], depth: head!.depth });
    const member = { type: 'm.room.member', stateKey: bob, sender: bob, content: { membership: 'join' } };
    const join = room.make({ ...member, authEvents: [first, levels, rules] });
    room.authEvents = [first, levels, join.eventId];
    rooms.push(room);
    // After a storm there may be too much to do already.
    await until('taken', async () => (await stage.send([join])).status === 200);
    await until('join', async () => (await stage.stored([join])).size === 1);
    return room;
  };

  const stage: Stage = {
    us,
    them,
    alice,
    quietRoom,
    override: () => undefined,
    sharedRoom,
    sendText(txnId, body, { origin = them.name, pauseMs = 0, ...options } = {}) {
      const pieces = typeof body === 'string' ? [Buffer.from(body)] : body;
      const contentJson = options.signed ?? (typeof body === 'string' ? body : EMPTY);
      const path = `/_matrix/federation/v1/send/${txnId}`;
      const signed = { method: 'PUT', uri: path, origin, destination: us.name, contentJson };
      return putText(us.name, path, signRequest(signed, key), pieces, pauseMs);
    },
    send: (events) => stage.sendText(`s${txn++}`, JSON.stringify({ pdus: events.map(({ wire }) => wire) })),
    sendEdus: (edus) => stage.sendText(`s${txn++}`, JSON.stringify({ pdus: [], edus })),
    stored: (events) => us.parts.rooms.receive.stored(events.map(({ eventId }) => eventId)),
    async say() {
      const startedAt = performance.now();
      await alice.say(quietRoom, 'still here');
      return performance.now() - startedAt;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
  return stage;
};
